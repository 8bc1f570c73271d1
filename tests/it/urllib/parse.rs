//! `urllib.parse` beside Python's.

use std::process::Command;

use sockeye::urllib::{
    QueryOptions, quote, quote_from_bytes, quote_plus, quote_safe, unquote, unquote_plus, urldefrag,
    urlencode, urlencode_doseq, urljoin, urlsplit,
};

use crate::support::peer;

const URLS: &[&str] = &[
    "",
    "http://a/b/c/d;p?q",
    "//h/x",
    "x:80",
    "http:///x",
    "HTTP://User:Pw@Host:80/p;x?q#f",
    "http://u@v:w@h:8/x",
    "mailto:a@b",
    "a:b:c",
    "1a:b",
    "?q",
    "#f",
    "path",
    "/a?b?c#d#e",
    "http://[::1]:80/",
    "http://[FE80::1%25Eth0]/",
    "http://[::1/",
    "http://::1]/",
    "http://[x]/",
    "http://a[::1]/",
    "http://h\t/x",
    "  http://h/",
    "http:x",
    "scheme:",
    "://x",
    "http://h?q",
    "http://h#f",
    "http://h:port/",
    "http://h:99999/",
    "http://h:/",
    "http://é.example/ü?ö#ä",
    "data:,x?y#z",
    "file:///etc/hostname",
    "a+b-c.1://h/p",
    "http://h/a b",
    "//",
    "///x",
    "http://h//x",
];

/// RFC 3986 §5.4, and more.
const REFERENCES: &[&str] = &[
    "",
    "g:h",
    "g",
    "./g",
    "g/",
    "/g",
    "//g",
    "?y",
    "g?y",
    "#s",
    "g#s",
    "g?y#s",
    ";x",
    "g;x",
    "g;x?y#s",
    ".",
    "./",
    "..",
    "../",
    "../g",
    "../..",
    "../../",
    "../../g",
    "../../../g",
    "../../../../g",
    "/./g",
    "/../g",
    "g.",
    ".g",
    "g..",
    "..g",
    "./../g",
    "./g/.",
    "g/./h",
    "g/../h",
    "g;x=1/./y",
    "g;x=1/../y",
    "g?y/./x",
    "g?y/../x",
    "g#s/./x",
    "http:g",
    "http://x/y",
    "https://x",
    "//x/../y",
    "a//b",
    "/a//b",
    "mailto:x",
    "é",
    "[",
    "//[",
];

const BASES: &[&str] = &[
    "http://a/b/c/d;p?q",
    "http://a",
    "http://a/",
    "http://a/b",
    "/b/c",
    "b/c",
    "b",
    "",
    "file:///a/b",
    "mailto:x",
    "x://a/b",
    "http://a/b//c/d",
];

const TEXTS: &[&str] = &[
    "",
    "abc",
    "a b",
    "a+b",
    "a%20b",
    "a%2",
    "%",
    "%zz",
    "%ff",
    "%C3%A9",
    "é",
    "/a/b?c=d&e#f",
    "~-._*",
    "\u{1F40D}",
    "a\0b",
    "a\r\nb",
    "'\"<>",
    "100%",
    "%25",
    "&=;",
    ":@!$,",
    "%e9%A",
];

const QUERIES: &[&str] = &[
    "",
    "a=1",
    "a=1&b=2",
    "a=1&a=2",
    "a",
    "a=",
    "=a",
    "=",
    "&",
    "&&a=1&",
    "a=1;b=2",
    "a=x+y%20z",
    "a=%C3%A9",
    "a=b=c",
    "a=1&b&c=3",
    "é=ü",
    "a=%zz",
];

/// What Python says of each, a line for a call; errors are `ERROR`.
const SCRIPT: &str = r"
import sys, urllib.parse as p
args = [bytes.fromhex(a).decode() for a in sys.argv[1:]]
def rows(): n = int(args.pop(0)); r = args[:n]; del args[:n]; return r
urls, bases, references, texts, queries = rows(), rows(), rows(), rows(), rows()
def say(call):
    try: out = call()
    except ValueError: out = 'ERROR'
    sys.stdout.buffer.write((out.encode().hex() + '\n').encode())
def port(s):
    try: return str(s.port)
    except ValueError: return 'ERROR'
for u in urls:
    say(lambda: '|'.join(map(str, (*p.urlsplit(u), p.urlsplit(u).username, p.urlsplit(u).password, p.urlsplit(u).hostname))))
    say(lambda: port(p.urlsplit(u)))
    say(lambda: p.urlunsplit(p.urlsplit(u)))
    say(lambda: '|'.join(p.urldefrag(u)))
for b in bases:
    for r in references: say(lambda: p.urljoin(b, r))
for t in texts:
    for f in (p.quote, lambda t: p.quote(t, ''), lambda t: p.quote(t, ':/é'), lambda t: p.quote_from_bytes(t.encode()), p.quote_plus,
              p.unquote, p.unquote_plus, lambda t: p.urlencode([(t, t), ('n', 7)]), lambda t: p.urlencode({t: [t, 'x']}, doseq=True)):
        say(lambda: f(t))
for q in queries:
    for o in ({}, {'keep_blank_values': True}, {'separator': ';'}, {'max_num_fields': 1}, {'strict_parsing': True}):
        say(lambda: '&'.join(a + '=' + b for a, b in p.parse_qsl(q, **o)))
";

/// The same of ours, each with the call that made it.
fn ours() -> Vec<(String, String)> {
    let mut said = Vec::new();
    let mut say = |call: String, result: Option<String>| said.push((call, result.unwrap_or("ERROR".into())));
    let or_none = |value: Option<&str>| value.unwrap_or("None").to_owned();
    for url in URLS {
        let parts = urlsplit(url).ok();
        let shown = parts.as_ref().map(|p| {
            let (user, password) = (or_none(p.username()), or_none(p.password()));
            let host = or_none(p.hostname().as_deref());
            [&p.scheme, &p.netloc, &p.path, &p.query, &p.fragment, &user, &password, &host]
                .map(String::as_str)
                .join("|")
        });
        say(format!("urlsplit({url:?})"), shown);
        let port = parts.as_ref().and_then(|p| p.port().ok());
        say(format!("port of {url:?}"), port.map(|port| port.map_or("None".into(), |port| port.to_string())));
        say(format!("urlunsplit of {url:?}"), parts.map(|parts| parts.to_string()));
        say(
            format!("urldefrag({url:?})"),
            urldefrag(url).ok().map(|(url, fragment)| format!("{url}|{fragment}")),
        );
    }
    for base in BASES {
        for reference in REFERENCES {
            say(format!("urljoin({base:?}, {reference:?})"), urljoin(base, reference).ok());
        }
    }
    for text in TEXTS {
        let results = [
            ("quote", quote(text)),
            ("quote ''", quote_safe(text, "")),
            ("quote ':/é'", quote_safe(text, ":/é")),
            ("quote_from_bytes", quote_from_bytes(text.as_bytes())),
            ("quote_plus", quote_plus(text)),
            ("unquote", unquote(text)),
            ("unquote_plus", unquote_plus(text)),
            ("urlencode", urlencode([(*text, *text), ("n", "7")])),
            ("urlencode_doseq", urlencode_doseq([(text, [text, &"x"])])),
        ];
        for (name, result) in results {
            say(format!("{name}({text:?})"), Some(result));
        }
    }
    let keep = QueryOptions::new();
    let drop = keep.drop_blank_values();
    for query in QUERIES {
        for options in [drop, keep, drop.separator(';'), drop.max_num_fields(1), drop.strict()] {
            let pairs = options.parse_qsl(query).ok();
            let shown = pairs
                .map(|pairs| pairs.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join("&"));
            say(format!("parse_qsl({query:?}, {options:?})"), shown);
        }
    }
    said
}

#[test]
fn the_same_as_python() {
    let Some(python) = peer("python3") else { return };
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]);
    for table in [URLS, BASES, REFERENCES, TEXTS, QUERIES] {
        command.arg(hex(&table.len().to_string()));
        command.args(table.iter().map(|text| hex(text)));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let ours = ours();
    assert_eq!(ours.len(), theirs.len());
    let differing: Vec<String> = ours
        .iter()
        .zip(&theirs)
        .filter(|((_, ours), theirs)| hex(ours) != **theirs)
        .map(|((call, ours), theirs)| format!("{call}: {ours:?}, Python has {:?}", decoded(theirs)))
        .filter(|line| !is_known(line))
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

fn decoded(hex: &str) -> String {
    let bytes =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

/// The differences that the manual names: forms by the WHATWG's rules code `~` and leave `*`; brackets that don't begin
/// the host are refused, as later versions of Python do; no `..` takes the root away, and no
/// parameters make one.
fn is_known(line: &str) -> bool {
    let forms = ["quote_plus(\"~-._*\")", "urlencode(\"~-._*\")", "urlencode_doseq(\"~-._*\")"];
    forms.iter().any(|call| line.starts_with(call))
        || line.contains("\"http://a[::1]/\"")
        || (line.starts_with("urljoin(") && line.ends_with("\"/g\", Python has \"g\""))
        || line.starts_with("urljoin(\"b\", \";x\")")
}

/// What has no host gets none by being joined or put together (python/cpython#67693).
#[test]
fn no_host_comes_out_of_a_path() -> sockeye::Result<()> {
    for (base, reference, expected) in [
        ("/a", "////g.example/x", "////g.example/x"),
        ("/a", "/.//g.example/x", "////g.example/x"),
        ("/a", "/../http://g.example/", "/http://g.example/"),
        ("/a", "../../http://g.example/", "/http:/g.example/"),
        ("a", "../http://g.example/", "http:/g.example/"),
    ] {
        assert_eq!(urljoin(base, reference)?, expected);
        assert_eq!(urlsplit(expected)?.netloc, "");
    }
    assert_eq!(urlsplit("////g.example/x")?.to_string(), "////g.example/x");
    Ok(())
}
