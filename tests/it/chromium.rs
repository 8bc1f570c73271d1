//! A browser reads a listing and follows its links.

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

    /// The width and height of a picture of the page, which must be the window's.
    fn screenshot(&self, path: &str, file: &Path, (width, height): (u32, u32)) {
        let profile = tempfile::tempdir().unwrap();
        let mut command = self.command(&profile);
        command
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--screenshot={}", file.display()));
        Program::start(command.arg(format!("http://{}{path}", self.addr))).finish().success();
        let picture = fs::read(file).unwrap();
        // A PNG says its size in the first chunk.
        let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (width, height));
    }
}

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
    let names = ["plain.txt", "100% <b>&amp; \"quoted\"?#.txt", "é 日本語.txt"];
    for name in names {
        fs::write(root.join("a folder").join(name), format!("contents of {name}")).unwrap();
    }
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(FileHandler::new(&root)).unwrap();
    let browser = Browser { program: &program, addr: server.addr().as_socket_addr().unwrap() };

    let page = browser.dom("/");
    assert_eq!(hrefs(&page), ["a%20folder/"]);
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

    browser.screenshot("/a%20folder/", &folder.path().join("phone.png"), (390, 844));
    browser.screenshot("/a%20folder/", &folder.path().join("desktop.png"), (1280, 800));
    server.shutdown();
    server.join().unwrap();
}
