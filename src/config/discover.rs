//! Where a config file is looked for.

use std::path::{Path, PathBuf};

use super::FILE_NAME;

/// The nearest `partnerscope.toml` from `folder` up to the root of the repository it is in. Outside a repository only `folder`
/// itself is looked at: a file further up (a home folder, a shared `/tmp`) is somebody else's. What stands there is found even if it is no file, or a
/// link to nowhere: a policy that cannot be read is not the same as none.
pub fn discover(folder: &Path) -> Option<PathBuf> {
    let depth = folder.ancestors().position(|ancestor| ancestor.join(".git").exists()).unwrap_or(0);
    folder.ancestors().take(depth + 1).map(|ancestor| ancestor.join(FILE_NAME)).find(|path| path.symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_the_repository_root_and_no_further() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("repository");
        let deep = root.join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(outside.path().join(FILE_NAME), "").unwrap();
        assert_eq!(discover(&deep), None, "no repository: only the folder itself");
        assert_eq!(discover(outside.path()), Some(outside.path().join(FILE_NAME)));

        std::fs::create_dir(root.join(".git")).unwrap();
        assert_eq!(discover(&deep), None, "the file is above the repository");
        std::fs::write(root.join(FILE_NAME), "").unwrap();
        assert_eq!(discover(&deep), Some(root.join(FILE_NAME)));
        std::fs::write(root.join("a").join(FILE_NAME), "").unwrap();
        assert_eq!(discover(&deep), Some(root.join("a").join(FILE_NAME)), "the nearest");
        std::fs::create_dir(deep.join(FILE_NAME)).unwrap();
        assert_eq!(discover(&deep), Some(deep.join(FILE_NAME)), "a folder is found too, and cannot be read");
    }
}
