//! Where reports and snapshots go. A file is opened before the work starts, so that an hour of reading is not lost on a folder that
//! does not exist, and takes its name only when it is whole.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::failure::Failure;
use super::terminal;

/// A file to be written whole or not at all.
#[derive(Debug)]
pub(super) struct PendingFile {
    path: PathBuf,
    to: To,
    /// A file that is there by then is left as it is, and that is an error.
    is_new: bool,
}

#[derive(Debug)]
enum To {
    /// Beside the target, mode 0600; dropped, it is removed.
    Beside(NamedTempFile),
    /// A device or a pipe, which cannot be replaced.
    Device(File),
}

impl PendingFile {
    /// Shows that the file can be written, without touching what is there.
    pub(super) fn open(path: &Path) -> Result<PendingFile, Failure> {
        let fail = |source| Failure::Output { path: Some(path.to_owned()), source };
        match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(fail(std::io::Error::from(std::io::ErrorKind::IsADirectory))),
            Ok(there) if !there.is_file() => {
                let device = File::options().write(true).open(path).map_err(fail)?;
                Ok(PendingFile { path: path.to_owned(), to: To::Device(device), is_new: false })
            }
            // A link stays a link: the file that it points to is replaced.
            Ok(_) => PendingFile::beside(&path.canonicalize().map_err(fail)?).map_err(fail),
            Err(_) => PendingFile::beside(path).map_err(fail),
        }
    }

    fn beside(path: &Path) -> std::io::Result<PendingFile> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Asked first for the plain error: that of the temporary file would name a path that nobody gave.
        if !std::fs::metadata(folder)?.is_dir() {
            return Err(std::io::ErrorKind::NotADirectory.into());
        }
        let file = tempfile::Builder::new().prefix(".partnerscope-").tempfile_in(folder)?;
        Ok(PendingFile { path: path.to_owned(), to: To::Beside(file), is_new: false })
    }

    /// The same for a file that must not be there yet.
    pub(super) fn open_new(path: &Path) -> Result<PendingFile, Failure> {
        if std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file() || there.is_symlink()) {
            return Err(exists(path));
        }
        Ok(PendingFile { is_new: true, ..PendingFile::open(path)? })
    }

    /// Writes it and gives it its name.
    pub(super) fn commit(self, bytes: &[u8]) -> Result<(), Failure> {
        let PendingFile { path, to, is_new } = self;
        let written = match to {
            To::Device(mut device) => device.write_all(bytes).and_then(|()| device.flush()),
            To::Beside(mut file) => file.write_all(bytes).and_then(|()| file.as_file().sync_all()).and_then(|()| {
                let persisted = if is_new { file.persist_noclobber(&path) } else { file.persist(&path) };
                persisted.map(drop).map_err(|error| error.error)
            }),
        };
        if is_new && written.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists) {
            return Err(exists(&path));
        }
        written.map_err(|source| Failure::Output { path: Some(path), source })
    }
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("write {}: it is there already", path.display()), "`--force` replaces it")
}

/// One `--format NAME[=PATH]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormatSpec {
    /// Name of the format, known to exist.
    pub(super) name: &'static str,
    /// The file; `None`: standard output.
    pub(super) path: Option<PathBuf>,
}

/// Reads the list of `--format`. `find` knows the formats.
pub(super) fn read_formats(
    list: &[String],
    find: &dyn Fn(&str) -> Result<&'static str, Option<&'static str>>,
) -> Result<Vec<FormatSpec>, Failure> {
    let mut specs: Vec<FormatSpec> = Vec::new();
    for text in list {
        let (name, path) = split(text);
        let name = find(name).map_err(|nearest| Failure::Unknown {
            what: "format",
            name: name.to_owned(),
            nearest: nearest.map(str::to_owned),
            list: "this version has: table, json".into(),
        })?;
        if path.is_some_and(|path| path.is_empty()) {
            return Err(Failure::usage(format!("read the format {text:?}: no file after `=`"), format!("write `--format {name}=FILE`")));
        }
        specs.push(FormatSpec { name, path: path.map(PathBuf::from) });
    }
    for (n, spec) in specs.iter().enumerate() {
        if specs[..n].iter().any(|earlier| earlier.path == spec.path) {
            let whereto = spec.path.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
            return Err(Failure::usage(
                format!("write two reports to {whereto}"),
                format!("give one a file: `--format {}=FILE`", spec.name),
            ));
        }
    }
    Ok(specs)
}

/// Splits `NAME=PATH`.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)))
}

/// The opened outputs of a run.
#[derive(Debug)]
pub(super) struct Outputs(Vec<(FormatSpec, Option<PendingFile>)>);

impl Outputs {
    /// Opens every file.
    pub(super) fn open(specs: Vec<FormatSpec>) -> Result<Outputs, Failure> {
        let open = |spec: FormatSpec| {
            let file = spec.path.as_deref().map(PendingFile::open).transpose()?;
            Ok((spec, file))
        };
        specs.into_iter().map(open).collect::<Result<Vec<_>, Failure>>().map(Outputs)
    }

    /// The formats to render.
    pub(super) fn specs(&self) -> impl Iterator<Item = &FormatSpec> {
        self.0.iter().map(|(spec, _)| spec)
    }

    /// Writes what was rendered, in the order of [`Outputs::specs`]; files before standard output.
    pub(super) fn write(self, rendered: Vec<String>) -> Result<(), Failure> {
        let mut screen = None;
        for ((_, file), text) in self.0.into_iter().zip(rendered) {
            match file {
                Some(file) => file.commit(text.as_bytes())?,
                None => screen = Some(text),
            }
        }
        screen.map_or(Ok(()), |text| print(&text))
    }
}

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    terminal::print(text).map_err(|source| Failure::Output { path: None, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Result<&'static str, Option<&'static str>> {
        ["table", "json"].into_iter().find(|known| *known == name).ok_or(Some("json"))
    }

    fn read(list: &[&str]) -> Result<Vec<FormatSpec>, Failure> {
        read_formats(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), &find)
    }

    #[test]
    fn formats() {
        let specs = read(&["table", "json=out/a=b.json"]).unwrap();
        assert_eq!(specs[1], FormatSpec { name: "json", path: Some("out/a=b.json".into()) });
        assert!(matches!(read(&["jsn"]), Err(Failure::Unknown { what: "format", nearest: Some(_), .. })));
        for wrong in [&["json="][..], &["table", "json"], &["json=a", "table=a"]] {
            assert!(matches!(read(wrong), Err(Failure::Usage { .. })), "{wrong:?}");
        }
    }

    fn entries(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        std::fs::write(&path, "old").unwrap();
        let dropped = PendingFile::open(&path).unwrap();
        assert_eq!(entries(folder.path()), 2);
        drop(dropped);
        assert_eq!((entries(folder.path()), std::fs::read_to_string(&path).unwrap().as_str()), (1, "old"));
        PendingFile::open(&path).unwrap().commit(b"new").unwrap();
        assert_eq!((entries(folder.path()), std::fs::read_to_string(&path).unwrap().as_str()), (1, "new"));
    }

    #[test]
    fn a_new_file_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("declared.toml");
        let (first, second) = (PendingFile::open_new(&path).unwrap(), PendingFile::open_new(&path).unwrap());
        first.commit(b"1").unwrap();
        assert!(matches!(second.commit(b"2"), Err(Failure::Usage { .. })), "somebody was faster");
        assert!(matches!(PendingFile::open_new(&path), Err(Failure::Usage { .. })));
        assert_eq!((std::fs::read(&path).unwrap(), entries(folder.path())), (b"1".to_vec(), 1));
    }

    #[cfg(unix)]
    #[test]
    fn mode_links_and_devices() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("out"), folder.path().join("link"));
        PendingFile::open(&path).unwrap().commit(b"1").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        PendingFile::open(&link).unwrap().commit(b"2").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"2");
        PendingFile::open(Path::new("/dev/null")).unwrap().commit(b"3").unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(PendingFile::open(folder.path()), Err(Failure::Output { .. })));
        assert!(matches!(PendingFile::open(&folder.path().join("no/such/folder")), Err(Failure::Output { .. })));
    }
}
