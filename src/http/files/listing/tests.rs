use super::*;

fn entry(name: &[u8], content: Content) -> Entry {
    Entry { name: name.to_vec(), content, modified: 784_111_777 }
}

fn page(path: &str, entries: Vec<Entry>) -> String {
    String::from_utf8(render(&Wanted::parse(path).unwrap(), entries)).unwrap()
}

fn hrefs(page: &str) -> Vec<&str> {
    let lines = page.split_once("<ul>").unwrap().1;
    lines.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn folders_come_first_then_names_without_case() {
    let page = page(
        "/",
        vec![
            entry(b"b.txt", Content::File(1)),
            entry(b"Z", Content::Folder),
            entry(b"A.txt", Content::File(1)),
            entry(b"a", Content::Folder),
        ],
    );
    assert_eq!(hrefs(&page), ["a/", "Z/", "A.txt", "b.txt"]);
    assert!(page.contains("<p>2 folders, 2 files, 2 B (times are UTC)</p>"), "{page}");
    assert!(page.contains("06 Nov 1994 08:49"));
    assert!(!page.contains("Parent folder"), "the root has none");
}

#[test]
fn names_are_escaped_and_linked_byte_for_byte() {
    let names: [&[u8]; 7] =
        [b"<script>alert(1)<x>", b"a\"b'&c", b"\xff\xfe", b"javascript:x", b"a?b#c%41", b"x\\y", b"\n\x1b "];
    let page = page("/", names.iter().map(|name| entry(name, Content::File(0))).collect());
    assert!(!page.contains("<script"));
    for name in names {
        let href: String = encode_name(name).collect();
        assert!(hrefs(&page).contains(&href.as_str()), "{href}");
        let back: Vec<u8> = percent_encoding::percent_decode_str(&href).collect();
        assert_eq!(back, name);
        assert_eq!(Wanted::parse(&format!("/{href}")).unwrap().below_root(), name);
    }
    assert!(hrefs(&page).contains(&"%FF%FE") && hrefs(&page).contains(&"javascript%3Ax"));
    assert!(page.contains("<b>a&quot;b&#x27;&amp;c</b>"));
    assert!(page.contains("<b>\u{fffd}\u{fffd} </b>"));
}

#[test]
fn the_way_up() {
    let page = page("/a/%3Cb%3E/c/", Vec::new());
    assert!(page.contains(
        "<h1><a href=\"../../../\">Index</a><i>/</i><a href=\"../../\">a</a><i>/</i>\
         <a href=\"../\">&lt;b&gt;</a><i>/</i>c</h1>"
    ));
    assert!(page.contains("<title>Index of /a/&lt;b&gt;/c/</title>"));
    assert_eq!(hrefs(&page), ["../"]);
    assert!(page.contains("<p>Nothing here</p>"));
}

#[test]
fn sizes() {
    for (bytes, expected) in [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (34_000_000, "34 MB"),
        (u64::MAX, "18 EB"),
    ] {
        assert_eq!(human_size(bytes), expected, "{bytes}");
    }
}

#[test]
fn dates_that_can_not_be_told() {
    assert_eq!(date(0).as_deref(), Some("01 Jan 1970 00:00"));
    for seconds in [-1, i64::MIN, i64::MAX, 253_402_300_800] {
        assert_eq!(date(seconds), None);
    }
}
