//! Sets options of each level and reads them back: `socket_options`.

use sockeye::{
    Result,
    socket::{
        AF_INET, AF_INET6, IP_TTL, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPV6_V6ONLY, SO_RCVBUF,
        SO_REUSEADDR, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, Socket, TCP_NODELAY,
    },
};

const SEND_BUF_SIZE: i32 = 4096;
const RECV_BUF_SIZE: i32 = 4096;

fn main() -> Result<()> {
    let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    println!("send buffer before: {} bytes", socket.getsockopt(SOL_SOCKET, SO_SNDBUF)?);
    // The port can be bound again as soon as the socket is closed.
    socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUF_SIZE)?;
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, RECV_BUF_SIZE)?;
    // Linux doubles what was asked for, for its own bookkeeping, and has a minimum.
    println!("send buffer after: {} bytes", socket.getsockopt(SOL_SOCKET, SO_SNDBUF)?);
    println!("receive buffer after: {} bytes", socket.getsockopt(SOL_SOCKET, SO_RCVBUF)?);

    // A wrong level, or a value of a wrong type, doesn't compile.
    socket.setsockopt(IPPROTO_IP, IP_TTL, 9)?;
    socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true)?;
    println!("time to live: {}", socket.getsockopt(IPPROTO_IP, IP_TTL)?);
    println!("no delay: {}", socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)?);

    let socket = Socket::new(AF_INET6, SOCK_STREAM, IPPROTO_TCP)?;
    socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, true)?;
    println!("IPv6 only: {}", socket.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)?);
    Ok(())
}
