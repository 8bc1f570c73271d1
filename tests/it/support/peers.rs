//! Servers of other people, serving a folder, and proxies of theirs.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    thread,
    time::Instant,
};

use tempfile::TempDir;

use super::{PATIENCE, Program, found_or_skipped, peer};

/// A server that runs until this is dropped.
pub(crate) struct Peer {
    pub(crate) addr: SocketAddr,
    _program: Program,
    _config: Option<TempDir>,
}

impl Peer {
    /// `http://127.0.0.1:PORT` and the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

/// `python3 -m http.server`, with HTTP/1.1.
pub(crate) fn python_server(folder: &Path) -> Option<Peer> {
    let mut python = Command::new(peer("python3")?);
    python.args(["-u", "-m", "http.server", "--protocol", "HTTP/1.1", "--bind", "127.0.0.1", "0"]);
    let mut program = Program::start(python.current_dir(folder));
    // "Serving HTTP on 127.0.0.1 port 41233 (http://127.0.0.1:41233/) ..."
    let addr = program.wait_for(|line| super::program::address_in(line, "("));
    Some(Peer { addr, _program: program, _config: None })
}

/// Go's `net/http`.
pub(crate) fn go_server(folder: &Path) -> Option<Peer> {
    /// Built once: `go run` would leave its program running.
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go_server");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/interop/server.go");
        let built =
            Command::new(peer("go")?).args(["build", "-o"]).args([&program, &source]).output().unwrap();
        assert!(built.status.success(), "{built:?}");
        Some(program)
    });
    let (program, addr) = Program::serve(Command::new(program.as_ref()?).current_dir(folder));
    Some(Peer { addr, _program: program, _config: None })
}

/// httpbin, which answers whatever one asks it to, on Python's own WSGI server.
pub(crate) fn httpbin_server() -> Option<Peer> {
    const SCRIPT: &str = "
import httpbin, werkzeug.serving as serving
serving.WSGIRequestHandler.protocol_version = 'HTTP/1.1'
server = serving.make_server('127.0.0.1', 0, httpbin.app, threaded=True)
print(f'listening on 127.0.0.1:{server.port}', flush=True)
server.serve_forever()
";
    // A virtual environment of tests/peers.sh.
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/httpbin/bin/python");
    let python = found_or_skipped("httpbin", Some(python).filter(|python| python.is_file()))?;
    let (program, addr) = Program::serve(Command::new(python).args(["-c", SCRIPT]));
    Some(Peer { addr, _program: program, _config: None })
}

/// A Python that has Twisted.
pub(crate) fn twisted_python() -> Option<PathBuf> {
    // A virtual environment of tests/peers.sh.
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/twisted/bin/python");
    found_or_skipped("twisted", Some(python).filter(|python| python.is_file()))
}

/// nginx in the foreground, as one process, with what it writes in a folder of its own.
pub(crate) fn nginx_server(folder: &Path) -> Option<Peer> {
    let nginx = peer("nginx")?;
    // nginx can't be given port 0: ask for a free one, and again if somebody was faster.
    for _ in 0..20 {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = tempfile::tempdir().unwrap();
        fs::write(config.path().join("nginx.conf"), nginx_config(config.path(), folder, addr)).unwrap();
        let mut command = Command::new(&nginx);
        command.args(["-e", "stderr", "-c"]).arg(config.path().join("nginx.conf"));
        let mut program = Program::start(&mut command);
        let started = program.wait_for(|line| {
            let (started, taken) = (line.contains("event method"), line.contains("[emerg]"));
            assert!(!taken || line.contains("in use"), "{line}");
            (started || taken).then_some(started)
        });
        if started {
            return Some(Peer { addr, _program: program, _config: Some(config) });
        }
    }
    panic!("no free port for nginx");
}

fn nginx_config(own: &Path, folder: &Path, addr: SocketAddr) -> String {
    let (own, folder) = (own.display(), folder.display());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {own}/{kind};\n"))
        .concat();
    // As root it would drop to a user who can't read the test's folder; as anyone else the line is ignored.
    format!(
        "user root;\ndaemon off;\nmaster_process off;\npid {own}/pid;\nerror_log stderr notice;\n\
         events {{ worker_connections 64; }}\n\
         http {{\naccess_log off;\n{temporary}\
         types {{ text/html html; text/plain txt; }}\ndefault_type application/octet-stream;\n\
         gzip on; gzip_types text/plain; gzip_min_length 1;\n\
         server {{\nlisten {addr};\nroot {folder};\nautoindex on;\n\
         location /moved {{ return 302 /hello.txt; }}\nlocation /gone {{ return 410 'gone for good'; }}\n\
         }}\n}}\n"
    )
}

#[test]
fn peers_serve_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.txt"), "hello").unwrap();
    for server in [python_server(folder.path()), nginx_server(folder.path())].into_iter().flatten() {
        let answer = super::exchange(server.addr, b"GET /hello.txt HTTP/1.0\r\n\r\n");
        assert!(answer.contains(" 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    }
}

/// A proxy that runs until this is dropped.
pub(crate) struct Gate {
    pub(crate) port: u16,
    _program: Program,
    _config: TempDir,
}

/// A proxy of a kind that prints nothing when it is ready, and can't be given port 0.
pub(crate) fn gate(command: impl Fn(u16, &TempDir) -> Command) -> Gate {
    for _ in 0..20 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = tempfile::tempdir().unwrap();
        let mut program = Program::start(&mut command(port, &config));
        let start = Instant::now();
        // It ends by itself if somebody else was faster.
        while start.elapsed() < PATIENCE && program.is_running() {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Gate { port, _program: program, _config: config };
            }
            thread::yield_now();
        }
    }
    panic!("it never listened");
}
