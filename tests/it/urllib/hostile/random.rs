//! URLs made up by chance, the same in every run.

/// What URLs are made of, and what doesn't belong there.
const PIECES: &[&str] = &[
    "http",
    "https",
    "HTTP",
    "ftp",
    "file",
    "data",
    "mailto",
    "g",
    "://",
    ":",
    ":/",
    "//",
    "/",
    "///",
    "\\",
    "\\\\",
    "?",
    "#",
    "@",
    "&",
    "=",
    ";",
    ",",
    "+",
    ".",
    "..",
    "/..",
    "/../",
    "/./",
    "/.//",
    "%2e",
    "%2E%2e/",
    "%",
    "%4",
    "%41",
    "%00",
    "%0d%0a",
    "%5c",
    "%2f",
    "%zz",
    "%ff",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\x7f",
    "\"",
    "<",
    ">",
    "^",
    "|",
    "`",
    "{",
    "}",
    "'",
    "*",
    "~",
    "-",
    "_",
    "a",
    "b/c",
    "h.example",
    "h.example:80",
    "G.Example",
    "me@",
    "me:pw@",
    "h.example@",
    "@h.example",
    ":80",
    ":81",
    ":0",
    ":99999",
    ":x",
    "127.0.0.1",
    "0x7f.1",
    "017700000001",
    "256",
    "1.2.3.4.5",
    "[",
    "]",
    "[::1]",
    "[::1",
    "::1]",
    "[fe80::1%25lo]",
    "[v1.x]",
    "localhost",
    "xn--",
    "xn--bcher-kva",
    "bücher",
    "\u{ff0f}",
    "\u{2100}",
    "\u{200d}",
    "\u{ad}",
    "\u{3002}",
    "ß",
    "İ",
    "\u{1F40D}",
    "\u{fffd}",
    "\u{feff}",
];

/// How URLs begin, mostly.
const STARTS: &[&str] = &[
    "http://h.example",
    "http://h.example/",
    "https://h.example/",
    "http://me:pw@h.example/",
    "http://g.example:81/a/b?c#d",
    "http://[::1]:8/",
    "http:",
    "http:/",
    "http:///",
    "//g.example",
    "//g.example/",
    "//",
    "///",
    "/",
    "?",
    "#",
    "",
];

/// Marsaglia's xorshift64.
pub(super) struct Random(u64);

impl Random {
    /// The seed isn't 0.
    pub(super) fn new(seed: u64) -> Random {
        let mut random = Random(seed);
        // The first numbers of a small seed are small.
        for _ in 0..20 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    /// A URL or a reference, or what somebody may hand in for one.
    pub(super) fn url(&mut self) -> Vec<u8> {
        let mut url = match self.below(3) {
            0 => Vec::new(),
            _ => self.pick(STARTS).into(),
        };
        for _ in 0..self.below(8) {
            match self.below(30) {
                0 => url.push(self.next() as u8),
                1 => url.extend([b'a'; 300]),
                _ => url.extend(self.pick(PIECES).bytes()),
            }
        }
        url
    }

    /// The same as text.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.url()).into_owned()
    }
}
