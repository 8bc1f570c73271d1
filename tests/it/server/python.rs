//! Python's own sockets and `socketserver` as the other side.

use std::{io::BufRead, path::Path, process::Command};

use sockeye::{
    Result,
    client::{Client, Connector},
    server::{Connection, Datagram, DatagramServer, Next, RequestHandler, Server},
    socket::SOCK_DGRAM,
};

use super::end;
use crate::support::{PATIENCE, Program, peer};

/// Upper-cases lines, with a greeting and a good-bye.
struct Upper;

impl RequestHandler for Upper {
    fn setup(&self, conn: &mut Connection<'_>) -> Result<()> {
        conn.sendall(b"ready\n")
    }
    fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
        let line = conn.readline()?;
        conn.sendall(&line.to_ascii_uppercase())?;
        Ok(if line == b"quit\n" { Next::Close } else { Next::Wait })
    }
    fn finish(&self, conn: &mut Connection<'_>) {
        let _ = conn.sendall(b"bye\n");
    }
}

fn upper(datagram: &mut Datagram<'_>) -> Result<()> {
    datagram.reply(&datagram.packet().to_ascii_uppercase())
}

/// Runs a script; false where there is no Python.
fn python(script: &str, arguments: &[&str]) -> bool {
    let Some(python) = peer("python3") else { return false };
    let mut command = Command::new(python);
    Program::start(command.args(["-c", script]).args(arguments)).finish().success();
    true
}

const STREAM_CLIENT: &str = r#"
import socket, sys
family, address = sys.argv[1], sys.argv[2]
if family == "unix":
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); s.settimeout(30); s.connect(address)
else:
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=30)
f = s.makefile("rwb", buffering=0)
assert f.readline() == b"ready\n"
for line in [b"one\n", b"two\n", b"x" * 50000 + b"\n", b"quit\n"]:
    s.sendall(line)
    assert f.readline() == line.upper()
assert f.readline() == b"bye\n" and f.readline() == b""
"#;

#[test]
fn pythons_stream_clients_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let server =
        Server::bind("127.0.0.1:0").unwrap().also_bind(path.as_path()).unwrap().spawn(Upper).unwrap();
    if python(STREAM_CLIENT, &["inet", &server.addr().to_string()]) {
        python(STREAM_CLIENT, &["unix", path.to_str().unwrap()]);
        assert_eq!(server.counts().accepted, 2);
    }
    end(server);
}

const DATAGRAM_CLIENT: &str = r#"
import os, socket, sys
family, address = sys.argv[1], sys.argv[2]
if family == "unix":
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(address + ".client")
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    host, port = address.rsplit(":", 1); address = (host, int(port))
s.settimeout(30)
for packet in [b"one", b"", b"x" * 30000]:
    s.sendto(packet, address)
    assert s.recvfrom(65536) == (packet.upper(), address)
"#;

#[test]
fn pythons_datagram_clients_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("datagram");
    let server = DatagramServer::bind("127.0.0.1:0").unwrap().also_bind(path.as_path()).unwrap();
    let server = server.spawn(upper).unwrap();
    if python(DATAGRAM_CLIENT, &["inet", &server.addr().to_string()]) {
        python(DATAGRAM_CLIENT, &["unix", path.to_str().unwrap()]);
        assert_eq!(server.counts().served, 6);
    }
    end(server);
}

/// socketserver's four threading servers, each with its kind of handler.
const SERVERS: &str = r#"
import os, socketserver, sys, threading
class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())
class Packets(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read().upper())
def start(kind, address, handler):
    server = kind(address, handler); server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address
folder = sys.argv[1]
tcp = start(socketserver.ThreadingTCPServer, ("127.0.0.1", 0), Lines)
udp = start(socketserver.ThreadingUDPServer, ("127.0.0.1", 0), Packets)
start(socketserver.ThreadingUnixStreamServer, os.path.join(folder, "stream"), Lines)
start(socketserver.ThreadingUnixDatagramServer, os.path.join(folder, "datagram"), Packets)
print("ports", tcp[1], udp[1], flush=True)
sys.stdin.read()
"#;

#[test]
fn pythons_servers_serve_our_clients() {
    let Some(python) = peer("python3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    let mut program = Program::start(command.args(["-c", SERVERS]).arg(folder.path()));
    let (tcp, udp) = program.wait_for(|line| {
        let (tcp, udp) = line.strip_prefix("ports ")?.split_once(' ')?;
        Some((tcp.parse::<u16>().ok()?, udp.parse::<u16>().ok()?))
    });
    let connector = Connector::new().timeout(PATIENCE);
    check_lines(connector.connect(("127.0.0.1", tcp)).unwrap());
    check_lines(connector.connect(folder.path().join("stream")).unwrap());
    let packets = connector.kind(SOCK_DGRAM);
    check_packets(packets.connect(("127.0.0.1", udp)).unwrap());
    check_packets(packets.connect(folder.path().join("datagram")).unwrap());
    assert_eq!(packets.connect_ex(Path::new("/no/such/socket")).unwrap().unwrap_err(), 2);
}

fn check_lines(mut client: Client) {
    client.sendall(b"one\ntwo\nthree").unwrap();
    client.shutdown(sockeye::socket::Shutdown::Write).unwrap();
    for line in [&b"ONE\n"[..], b"TWO\n", b"THREE", b""] {
        assert_eq!(client.readline().unwrap(), line);
    }
}

fn check_packets(mut client: Client) {
    for packet in [&b"one"[..], b"two", &[b'x'; 8000]] {
        assert_eq!(client.send(packet).unwrap(), packet.len());
        assert_eq!(client.recv(65_536).unwrap(), packet.to_ascii_uppercase());
    }
    // Lines go on from packet to packet; what a reader doesn't take at once is kept.
    client.send(b"a line in").unwrap();
    // One after the other: a server with threads answers in any order.
    assert_eq!(client.fill_buf().unwrap(), b"A LINE IN");
    client.send(b" packets\nand more").unwrap();
    assert_eq!(client.readline().unwrap(), b"A LINE IN PACKETS\n");
    assert_eq!(client.recv(3).unwrap(), b"AND");
    assert_eq!(client.recv(64).unwrap(), b" MORE");
}
