//! Bounds that the child puts on itself before a rule runs: the engine holds time, and neither memory nor what it writes.

use std::io;
use std::time::Duration;

/// Memory that is looked at every so often where the system sets no bound.
const LOOK: Duration = Duration::from_millis(5);

/// What this process has of memory.
fn memory() -> io::Result<memory_stats::MemoryStats> {
    memory_stats::memory_stats().ok_or_else(|| io::Error::other("this system does not tell how much memory a process takes"))
}

/// Bounds what this process may take from now on, in bytes; `beyond` is called once it took more, where the system itself does not end it.
pub(super) fn raise(more: u64, beyond: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let now = memory()?;
    let most = u64::try_from(now.physical_mem).unwrap_or(u64::MAX).saturating_add(more);
    std::thread::Builder::new().name("memory".into()).spawn(move || watch(most, beyond))?;
    bound_by_system(more)
}

fn watch(most: u64, beyond: impl FnOnce()) {
    while memory().is_ok_and(|now| u64::try_from(now.physical_mem).is_ok_and(|taken| taken <= most)) {
        std::thread::sleep(LOOK);
    }
    beyond();
}

/// On Linux the kernel refuses memory beyond the bound, and the process ends. No core file holds a tenant's facts, and no file grows.
#[cfg(target_os = "linux")]
fn bound_by_system(more: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let space = u64::try_from(memory()?.virtual_mem).unwrap_or(u64::MAX).saturating_add(more);
    for (resource, most) in [(Resource::Core, 0), (Resource::Fsize, 0), (Resource::As, space)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn bound_by_system(_: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_more_is_noticed() {
        let (told, heard) = std::sync::mpsc::channel();
        watch(0, move || told.send(()).unwrap());
        assert_eq!(heard.try_recv(), Ok(()));
    }
}
