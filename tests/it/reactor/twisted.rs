//! A Twisted program on the other side of the wire: lines, netstrings, Int32 strings.

use std::{path::PathBuf, process::Command};

use sockeye::reactor::{
    Protocol, Reactor,
    basic::{
        Int32StringReceiver, LineProtocol, LineReceiver, LineTransport, NetstringReceiver, StringProtocol,
        StringTransport,
    },
    factory,
};

use super::recorder::{Log, turn_until};
use crate::support::{Program, twisted_python};

/// The Twisted side: a server that echoes with `echo: ` in front, or a client that says things and checks the echoes.
const PROGRAM: &str = r#"
import sys
from twisted.internet import protocol, reactor
from twisted.protocols import basic

role, form, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
MESSAGES = [b"", b"one", b"x" * 10000, b"\x00\xff:,", b"bye"]
base, send, received = {
    "line": (basic.LineReceiver, "sendLine", "lineReceived"),
    "netstring": (basic.NetstringReceiver, "sendString", "stringReceived"),
    "int32": (basic.Int32StringReceiver, "sendString", "stringReceived"),
}[form]

class Peer(base):
    def connectionMade(self):
        self.left = list(MESSAGES)
        if role == "client":
            for message in MESSAGES:
                getattr(self, send)(message)

    def got(self, data):
        if role == "server":
            getattr(self, send)(b"echo: " + data)
            return
        expected = b"echo: " + self.left.pop(0)
        if data != expected:
            print("wrong", data[:40], expected[:40], flush=True)
        if not self.left:
            print("all was echoed", flush=True)
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print("lost", reason.type.__name__, flush=True)
        if role == "client":
            reactor.stop()

setattr(Peer, received, Peer.got)
if role == "server":
    class Factory(protocol.ServerFactory):
        protocol = Peer
    listening = reactor.listenTCP(port, Factory(), interface="127.0.0.1")
    print("listening on 127.0.0.1:%d" % listening.getHost().port, flush=True)
else:
    class Factory(protocol.ClientFactory):
        protocol = Peer
    reactor.connectTCP("127.0.0.1", port, Factory())
reactor.run()
"#;

const FORMS: [&str; 3] = ["line", "netstring", "int32"];

fn twisted(python: &PathBuf, role: &str, form: &str, port: u16) -> Command {
    let mut command = Command::new(python);
    command.args(["-c", PROGRAM, role, form, &port.to_string()]);
    command
}

struct Echo;

impl LineProtocol for Echo {
    fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
        transport.send_line([b"echo: ", line].concat());
    }
}

impl StringProtocol for Echo {
    fn string_received(&mut self, transport: &mut StringTransport<'_>, string: &[u8]) {
        transport.send_string([b"echo: ", string].concat()).unwrap();
    }
}

fn echo(form: &str) -> Box<dyn Protocol> {
    match form {
        "line" => Box::new(LineReceiver::new(Echo)),
        "netstring" => Box::new(NetstringReceiver::new(Echo)),
        _ => Box::new(Int32StringReceiver::new(Echo)),
    }
}

#[test]
fn a_twisted_client_is_understood() {
    let Some(python) = twisted_python() else { return };
    for form in FORMS {
        let mut reactor = Reactor::new().unwrap();
        let port = reactor.listen_tcp("127.0.0.1:0", factory(move |_| echo(form))).unwrap();
        let handle = reactor.handle();
        let mut client = Program::start(&mut twisted(&python, "client", form, port.host().port().unwrap()));
        let watching = std::thread::spawn(move || {
            client.wait_for(|line| (line == "all was echoed").then_some(()));
            client.wait_for(|line| (line == "lost ConnectionDone").then_some(()));
            handle.stop();
        });
        reactor.run().unwrap();
        watching.join().unwrap();
    }
}

/// Says things and writes down the answers.
struct Asker(Log);

const MESSAGES: [&str; 4] = ["", "one", "two:,", "three"];

impl LineProtocol for Asker {
    fn connection_made(&mut self, transport: &mut LineTransport<'_>) {
        MESSAGES.iter().for_each(|message| transport.send_line(message));
    }

    fn line_received(&mut self, _transport: &mut LineTransport<'_>, line: &[u8]) {
        self.0.add(String::from_utf8_lossy(line));
    }
}

impl StringProtocol for Asker {
    fn connection_made(&mut self, transport: &mut StringTransport<'_>) {
        MESSAGES.iter().for_each(|message| transport.send_string(message).unwrap());
    }

    fn string_received(&mut self, _transport: &mut StringTransport<'_>, string: &[u8]) {
        self.0.add(String::from_utf8_lossy(string));
    }
}

#[test]
fn a_twisted_server_is_understood() {
    let Some(python) = twisted_python() else { return };
    for form in FORMS {
        let (_server, addr) = Program::serve(&mut twisted(&python, "server", form, 0));
        let mut reactor = Reactor::new().unwrap();
        let log = Log::default();
        let asker = Asker(log.clone());
        let mut asker = Some(match form {
            "line" => Box::new(LineReceiver::new(asker)) as Box<dyn Protocol>,
            "netstring" => Box::new(NetstringReceiver::new(asker)),
            _ => Box::new(Int32StringReceiver::new(asker)),
        });
        reactor.connect_tcp(addr, factory(move |_| asker.take().unwrap())).unwrap();
        turn_until(&mut reactor, |_| log.count() == MESSAGES.len());
        let expected: Vec<String> = MESSAGES.iter().map(|message| format!("echo: {message}")).collect();
        assert_eq!(log.take(), expected, "{form}");
    }
}
