//! Files that appear when they are complete.

use std::{fs, io::Write, os::unix::fs::PermissionsExt};

use sockeye::{
    ErrorKind, Result,
    urllib::{PartialFile, Request, check_scheme, without_user_info},
};

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn it_takes_its_place_or_leaves_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let target = folder.path().join("page");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("page", &link)?;
    // Of a link to nothing, what it leads to is made.
    for place in [&target, &link] {
        let mut partial = PartialFile::create_or_overwrite(place)?;
        assert_eq!(partial.target(), target);
        assert!(partial.path().is_some_and(|path| path.parent() == target.parent() && path != target));
        partial.write_all(b"half")?;
        drop(partial);
        assert_eq!(names(folder.path()), ["link"]);
    }
    let mut partial = PartialFile::create(&link)?;
    partial.write_all(b"whole")?;
    partial.complete()?;
    assert_eq!(
        (fs::read_to_string(&target)?, names(folder.path())),
        ("whole".to_owned(), vec!["link".into(), "page".into()])
    );
    Ok(())
}

#[test]
fn it_takes_over_the_permissions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (target, elsewhere) = (folder.path().join("page"), folder.path().join("elsewhere"));
    fs::write(&target, "before")?;
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640))?;
    fs::write(&elsewhere, "after")?;
    PartialFile::check(&target)?;
    drop(PartialFile::adopt(&elsewhere, &target)?);
    assert_eq!((fs::read_to_string(&target)?.as_str(), elsewhere.exists()), ("before", false));
    fs::write(&elsewhere, "after")?;
    PartialFile::adopt(&elsewhere, &target)?.complete()?;
    assert_eq!((fs::read_to_string(&target)?.as_str(), elsewhere.exists()), ("after", false));
    assert_eq!(fs::metadata(&target)?.permissions().mode() & 0o777, 0o640);
    Ok(())
}

#[test]
fn what_is_no_regular_file_is_written_to() -> Result<()> {
    let mut null = PartialFile::create("/dev/null")?;
    null.write_all(b"gone")?;
    assert_eq!(null.path(), None);
    null.complete()?;
    let folder = tempfile::tempdir()?;
    for error in [
        PartialFile::create(folder.path()).err(),
        PartialFile::check(folder.path()).err(),
        PartialFile::create(folder.path().join("none/x")).err(),
        PartialFile::adopt(folder.path().join("none"), "/dev/null").err(),
    ] {
        assert!(error.is_some());
    }
    PartialFile::check(folder.path().join("none/x"))
}

#[test]
fn what_is_said_of_urls() -> Result<()> {
    for (url, known) in [
        ("http://h/", true),
        ("https://h/", true),
        ("http+unix://%2Fx/", true),
        ("data:,x", true),
        ("file:///x", true),
        ("ftp://h/", false),
        ("localhost:80/x?secret", false),
    ] {
        let checked = check_scheme(Request::new(url)?.url()).map_err(|error| error.kind());
        assert_eq!(checked, if known { Ok(()) } else { Err(ErrorKind::Unsupported) }, "{url}");
    }
    for (url, shown) in [("http://me:x@h/a?b#c", "http://h/a?b#c"), ("data:,x", "data:,x")] {
        assert_eq!(without_user_info(Request::new(url)?.url()), shown);
    }
    Ok(())
}
