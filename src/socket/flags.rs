//! Flags: of a single call, of a look-up, of time stamps.

use std::{fmt, ops};

use super::numbers::{flags, numbers};
use crate::sys::c;

numbers! {
    /// Flags of a single call, joined by `|`.
    ///
    /// Python: the `MSG_` integers.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{MSG_DONTWAIT, MSG_PEEK, MsgFlags};
    /// assert_eq!(format!("{:?}", MSG_PEEK | MSG_DONTWAIT), "MSG_PEEK | MSG_DONTWAIT");
    /// assert!((MSG_PEEK | MSG_DONTWAIT).contains(MSG_PEEK));
    /// assert!(!MsgFlags::default().contains(MSG_PEEK));
    /// ```
    MsgFlags {
        /// Urgent data: one byte.
        MSG_OOB,
        /// Leaves the data where it is.
        MSG_PEEK,
        /// Sends to the local network only.
        MSG_DONTROUTE,
        /// Control data was cut off (an answer of the system).
        MSG_CTRUNC,
        /// The datagram was cut off (an answer of the system). As a wish,
        /// [`recvmsg_with_flags`](super::Socket::recvmsg_with_flags) tells its full length, and on a stream
        /// received data is thrown away.
        MSG_TRUNC,
        /// Never waits, whatever the timeout says.
        ///
        /// Python waits for the whole timeout all the same if there is one.
        MSG_DONTWAIT,
        /// Ends a record.
        MSG_EOR,
        /// Waits for the whole buffer, on a stream.
        MSG_WAITALL,
        /// Takes an error that the network reported: needs [`IP_RECVERR`](super::IP_RECVERR). Waits for one as the
        /// socket's mode says; the system itself never would.
        MSG_ERRQUEUE,
        /// Tells the way that the data goes on being reachable (ARP).
        MSG_CONFIRM,
        /// More follows: the system may wait for it before it sends.
        MSG_MORE,
        /// Never raises SIGPIPE: every `send` of this crate has it.
        MSG_NOSIGNAL,
        /// Connects and sends in one packet, where both sides know each other (TCP Fast Open, Linux).
        MSG_FASTOPEN,
        /// Sends from the program's own memory: needs [`SO_ZEROCOPY`](super::SO_ZEROCOPY) (Linux). What is sent is
        /// what stands there when the system gets to it: leave it unchanged until
        /// [`ErrorOrigin::Zerocopy`](super::ErrorOrigin::Zerocopy) says so.
        MSG_ZEROCOPY,
        /// After the first message of several, waits no longer (Linux).
        MSG_WAITFORONE,
        /// Descriptors that arrive are close-on-exec.
        MSG_CMSG_CLOEXEC,
    }
}

numbers! {
    /// Flags of [`getaddrinfo`](super::getaddrinfo), joined by `|`.
    ///
    /// Python: `socket.AddressInfo`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AI_NUMERICHOST, Hints, getaddrinfo};
    /// assert!(getaddrinfo("localhost", 80, Hints::new().flags(AI_NUMERICHOST)).is_err());
    /// ```
    AiFlags {
        /// Addresses to bind to, instead of to connect to.
        AI_PASSIVE,
        /// Asks for the host's main name.
        AI_CANONNAME,
        /// Literal addresses only: no look-up.
        AI_NUMERICHOST,
        /// Ports by number only.
        AI_NUMERICSERV,
        /// IPv4 as IPv6 (`::ffff:1.2.3.4`) where a host has no IPv6.
        AI_V4MAPPED,
        /// IPv6, and IPv4 with [`AI_V4MAPPED`].
        AI_ALL,
        /// Only families of which this machine has an address.
        AI_ADDRCONFIG,
    }
}

numbers! {
    /// What [`SO_TIMESTAMPING`](super::SO_TIMESTAMPING) reports, joined by `|` (Linux).
    ///
    /// Python: the integers of `linux/net_tstamp.h`, which have no names there.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE};
    /// let flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    /// assert_eq!(format!("{flags:?}"), "SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE");
    /// ```
    Timestamping {
        /// Takes the time when the device sends.
        SOF_TIMESTAMPING_TX_HARDWARE,
        /// Takes the time when the data leaves the kernel.
        SOF_TIMESTAMPING_TX_SOFTWARE,
        /// Takes the time when the device receives.
        SOF_TIMESTAMPING_RX_HARDWARE,
        /// Takes the time when the data enters the kernel.
        SOF_TIMESTAMPING_RX_SOFTWARE,
        /// Reports the kernel's times.
        SOF_TIMESTAMPING_SOFTWARE,
        /// Reports the device's times, by its own clock.
        SOF_TIMESTAMPING_RAW_HARDWARE,
        /// Numbers what is sent, to tell the reports apart.
        SOF_TIMESTAMPING_OPT_ID,
        /// Takes the time when the packet enters the scheduler.
        SOF_TIMESTAMPING_TX_SCHED,
        /// Takes the time when all of it is acknowledged (TCP).
        SOF_TIMESTAMPING_TX_ACK,
        /// Reports on all messages with control data, not only where an error is queued.
        SOF_TIMESTAMPING_OPT_CMSG,
        /// Reports the time without the packet.
        SOF_TIMESTAMPING_OPT_TSONLY,
    }
}

flags!(MsgFlags AiFlags Timestamping);
