//! A browser reads a listing, lays it out and follows its links.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use sockeye::http::{FileHandler, HttpServer};

use crate::support::{Program, peer};

/// What headless Chromium needs to run anywhere, and to talk to nobody but the test.
const QUIETLY: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--hide-scrollbars",
];

struct Browser<'a> {
    program: &'a Path,
    addr: SocketAddr,
}

impl Browser<'_> {
    fn command(&self, profile: &tempfile::TempDir) -> Command {
        let mut command = Command::new(self.program);
        command.args(QUIETLY).arg(format!("--user-data-dir={}", profile.path().display()));
        command
    }

    /// What the browser made of a page, as HTML.
    fn dom(&self, path: &str) -> String {
        let profile = tempfile::tempdir().unwrap();
        let mut command = self.command(&profile);
        command.arg("--dump-dom").arg(format!("http://{}{path}", self.addr));
        Program::start(&mut command).finish().success()
    }
}

/// A page with the listing in frames as wide as a phone and a desktop, which says of each what it found in it:
/// `WIDTH: scroll WIDTH, links COUNT, out COUNT, cut COUNT, small COUNT, title TITLE, text TEXT`.
const PROBE: &str = r##"<!DOCTYPE html>
<meta charset="utf-8">
<iframe width="390" height="844" src="/a%20folder/"></iframe>
<iframe width="1280" height="800" src="/a%20folder/"></iframe>
<script>
onload = () => {
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, width = frame.contentWindow.innerWidth;
    const boxes = [...page.links].map(link => link.getBoundingClientRect());
    const list = [...page.querySelectorAll("li a")].map(link => link.getBoundingClientRect());
    const out = boxes.filter(box => box.left < 0 || box.right > width || box.width < 1).length;
    const small = list.filter(box => box.height < 24).length;
    const cut = [...page.body.querySelectorAll("*")].filter(it => it.clientWidth > 0 && it.scrollWidth > it.clientWidth);
    const found = document.createElement("pre");
    found.textContent = `${width}: scroll ${page.documentElement.scrollWidth}, links ${boxes.length}, out ${out}, ` +
      `cut ${cut.length}, small ${small}, title ${page.title}, text ${page.body.innerText.replace(/\s+/g, " ")}`;
    document.body.append(found);
  }
};
</script>
"##;

fn hrefs(page: &str) -> Vec<&str> {
    let list = page.split_once("<ul>").unwrap().1;
    list.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn a_browser_follows_the_links_of_a_listing() {
    let Some(program) = peer("chromium") else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    fs::create_dir_all(root.join("a folder/deep")).unwrap();
    let long = "long".repeat(60) + ".txt";
    let names = ["plain.txt", "100% <b>&amp; \"quoted\"?#.txt", "é 日本語.txt", &long];
    fs::write(root.join("probe.html"), PROBE).unwrap();
    for name in names {
        fs::write(root.join("a folder").join(name), format!("contents of {name}")).unwrap();
    }
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(FileHandler::new(&root)).unwrap();
    let browser = Browser { program: &program, addr: server.addr().as_socket_addr().unwrap() };

    let page = browser.dom("/");
    assert_eq!(hrefs(&page), ["a%20folder/", "probe.html"]);
    // By the folder's link without its slash, so that the browser is redirected.
    let page = browser.dom("/a%20folder");
    assert!(page.contains("<title>Index of /a folder/</title>"), "{page}");
    let links = hrefs(&page);
    assert_eq!(links.len(), names.len() + 2, "{links:?}");
    assert_eq!(links[..2], ["../", "deep/"]);
    let mut found = 0;
    for link in &links[2..] {
        let text = browser.dom(&format!("/a%20folder/{link}"));
        let shown = |name: &str| name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        found += names.iter().filter(|name| text.contains(&format!("contents of {}", shown(name)))).count();
    }
    assert_eq!(found, names.len());

    // What it looks like: nothing to scroll to at the side, nothing cut off, nothing too small for a finger.
    let probed = browser.dom("/probe.html");
    let found: Vec<&str> = probed.split("<pre>").skip(1).collect();
    assert_eq!(found.len(), 2, "{probed}");
    for (found, width) in found.iter().zip([390, 1280]) {
        let links = names.len() + 3; // the breadcrumb's, the parent's and the folder's
        let expected = format!(
            "{width}: scroll {width}, links {links}, out 0, cut 0, small 0, title Index of /a folder/, \
             text Index/a folder 1 folder, {} files, ",
            names.len()
        );
        assert!(found.starts_with(&expected), "{found}\nisn't\n{expected}");
        assert!(found.contains("Parent folder") && found.contains("é 日本語.txt"), "{found}");
    }
    server.shutdown();
    server.join().unwrap();
}
