//! Which layer a value comes from.

use super::file::Config;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line, by this flag.
    Flag(String),
    /// In the environment, by this variable.
    Variable(String),
    /// In a file.
    File {
        /// The file as it was named.
        file: String,
        /// Line, from 1.
        line: usize,
    },
    /// By the fixture tenant.
    Fixture,
    /// Nowhere: the embedded default.
    Default,
}

impl Source {
    /// True if whoever runs the program set it for this run.
    pub fn is_explicit(&self) -> bool {
        matches!(self, Source::Flag(_) | Source::Variable(_))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Flag(flag) => write!(f, "{flag}"),
            Source::Variable(name) => write!(f, "{name}"),
            Source::File { file, line } => write!(f, "{file}:{line}"),
            Source::Fixture => write!(f, "the fixture tenant"),
            Source::Default => write!(f, "the default"),
        }
    }
}

/// A value that remembers where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layered<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub source: Source,
}

impl<T> Layered<T> {
    /// A value with its source.
    pub fn new(value: T, source: Source) -> Self {
        Layered { value, source }
    }

    /// The same source with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Layered<U> {
        Layered { value: change(self.value), source: self.source }
    }
}

/// The layers below flags and environment: the file, if there is one, and the embedded defaults.
#[derive(Debug, Clone)]
pub struct Layers {
    file: Option<Config>,
    defaults: Config,
}

impl Layers {
    /// The file over the defaults.
    pub fn new(file: Option<Config>) -> Self {
        Layers { file, defaults: super::defaults() }
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<&Config> {
        self.file.as_ref()
    }

    /// The value from above (flag or environment), else the file's, else the default; `None` if no layer has one.
    /// `read` takes the file's value; it is called only on values that were checked against the key's kind.
    pub fn pick<T>(&self, above: Option<Layered<T>>, key: &str, read: impl Fn(&super::Value) -> Option<T>) -> Option<Layered<T>> {
        if above.is_some() {
            return above;
        }
        let written = self.file.as_ref().and_then(|file| {
            let entry = file.get(key)?;
            Some(Layered::new(read(&entry.value)?, Source::File { file: file.name.clone(), line: file.line_of(entry) }))
        });
        written.or_else(|| Some(Layered::new(read(&self.defaults.get(key)?.value)?, Source::Default)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Trust, Value, from_text};

    fn text(value: &Value) -> Option<String> {
        value.as_text().map(str::to_owned)
    }

    #[test]
    fn flag_then_environment_then_file_then_default() {
        let layers = Layers::new(Some(from_text("p.toml", "# first\nfail-on = \"low\"\n", Trust::Named)));
        let flag = Layered::new("info".to_owned(), Source::Flag("--fail-on".into()));
        assert_eq!(layers.pick(Some(flag.clone()), "fail-on", text), Some(flag));
        let from_file = layers.pick(None, "fail-on", text).unwrap();
        assert_eq!((from_file.value.as_str(), from_file.source.to_string().as_str()), ("low", "p.toml:2"));
        let from_default = layers.pick(None, "cloud", text).unwrap();
        assert_eq!((from_default.value.as_str(), from_default.source), ("global", Source::Default));
        assert_eq!(layers.pick(None, "ca-file", text), None);
    }
}
