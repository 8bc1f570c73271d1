use super::*;

fn check(path: &str, expected: &str, spelling: Spelling) {
    let wanted = Wanted::parse(path).unwrap_or_else(|| panic!("{path:?} is refused"));
    assert_eq!(String::from_utf8_lossy(&wanted.path), expected, "{path:?}");
    assert_eq!(wanted.spelling, spelling, "{path:?}");
}

#[test]
fn names_lead_downwards() {
    check("/", "", Spelling::Folder);
    check("/a", "a", Spelling::File);
    check("/a/", "a", Spelling::Folder);
    check("/a/b.txt", "a/b.txt", Spelling::File);
    check("/%61%20b/%C3%A9", "a b/é", Spelling::File);
    check("/...", "...", Spelling::File);
    check("/..a/b..", "..a/b..", Spelling::File);
    check("/100%", "100%", Spelling::File);
    check("/a%zz", "a%zz", Spelling::File);
    check("/a\\b", "a\\b", Spelling::File);
    check("/a%5Cb", "a\\b", Spelling::File);
}

#[test]
fn the_path_is_decoded_once() {
    check("/%2561", "%61", Spelling::File);
    check("/%252e%252e/a", "%2e%2e/a", Spelling::File);
    check("/%252Fetc", "%2Fetc", Spelling::File);
}

#[test]
fn doubled_slashes_and_dots() {
    check("//", "", Spelling::Crooked);
    check("//a", "a", Spelling::File);
    check("/a//b/", "a/b", Spelling::Crooked);
    check("/./a/./", "a", Spelling::Crooked);
    check("/a/.", "a", Spelling::File);
    check("/%2e/a", "a", Spelling::File);
    check("//a.example//", "a.example", Spelling::Crooked);
}

#[test]
fn what_can_not_be_there() {
    for path in [
        "",
        "a",
        "*",
        "/..",
        "/../",
        "/../etc/passwd",
        "/a/../b",
        "/%2e%2e/",
        "/%2E./x",
        "/.%2e",
        "/a%2Fb",
        "/a%2fb",
        "/..%2f..%2fetc",
        "/%00",
        "/a%00.txt",
        "/a/%00/b",
        "/..\\x",
        "/..%5cx",
        "/%5c..%5C",
        "/a\\..\\..\\b",
    ] {
        assert_eq!(Wanted::parse(path), None, "{path:?}");
    }
}

#[test]
fn the_place_of_a_folder() {
    let check = |path: &str, query: Option<&str>, expected: &str| {
        assert_eq!(Wanted::parse(path).unwrap().folder_location(query), expected);
    };
    check("/a", None, "/a/");
    check("/a", Some("x=1&y=%20/?"), "/a/?x=1&y=%20/?");
    check("/a", Some(""), "/a/?");
    check("//evil.example/%2e", None, "/evil.example/");
    check("///evil.example", Some("\\\\x\r\n"), "/evil.example/?%5C%5Cx%0D%0A");
    check("/\\evil.example", None, "/%5Cevil.example/");
    check("/%5C%5Cevil.example", None, "/%5C%5Cevil.example/");
    check("/a%0d%0aSet-Cookie:%20x", None, "/a%0D%0ASet-Cookie%3A%20x/");
    check("/%ff%3Fé", None, "/%FF%3F%C3%A9/");
    check("/", None, "/");
}

/// Any path of pieces that have fooled others: it is refused, or it stays below the root.
#[test]
fn nothing_leaves_the_root() {
    const PIECES: [&str; 16] = [
        "/", "..", ".", "%2e", "%2E%2e", "%2f", "\\", "%5c", "%00", "a", "%", "%25", "%252e", "é", "%c0%ae",
        "//",
    ];
    let mut seed = 99_u64;
    for _ in 0..50_000 {
        let mut path = String::from("/");
        for _ in 0..10 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            path.push_str(PIECES[(seed >> 59) as usize % PIECES.len()]);
        }
        let Some(wanted) = Wanted::parse(&path) else { continue };
        assert!(!wanted.path.starts_with(b"/") && !wanted.path.contains(&0), "{path:?}");
        assert!(wanted.path.split(|&b| b == b'/' || b == b'\\').all(|name| name != b".."), "{path:?}");
        let location = wanted.folder_location(None);
        assert!(
            location.starts_with('/') && !location.contains("//") && !location.contains('\\'),
            "{path:?}"
        );
        let again = Wanted::parse(&location).expect("a location is a path");
        assert_eq!(again.path, wanted.path, "{path:?}");
        assert_eq!(again.spelling, Spelling::Folder, "{path:?}");
    }
}
