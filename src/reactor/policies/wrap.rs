//! Passing calls on: what all wrapped factories and protocols have in common.

/// The methods of `Factory` that a wrapped one answers.
macro_rules! passes_on_factory {
    () => {
        fn start(&mut self, reactor: &mut $crate::reactor::Reactor) {
            self.factory.start(reactor);
        }

        fn stop(&mut self) {
            self.factory.stop();
        }

        fn started_connecting(
            &mut self,
            reactor: &mut $crate::reactor::Reactor,
            connector: &$crate::reactor::Connector,
        ) {
            self.factory.started_connecting(reactor, connector);
        }

        fn connection_failed(
            &mut self,
            reactor: &mut $crate::reactor::Reactor,
            connector: &$crate::reactor::Connector,
            error: &$crate::Error,
        ) {
            self.factory.connection_failed(reactor, connector, error);
        }

        fn connection_lost(
            &mut self,
            reactor: &mut $crate::reactor::Reactor,
            connector: &$crate::reactor::Connector,
            reason: &$crate::reactor::Reason,
        ) {
            self.factory.connection_lost(reactor, connector, reason);
        }
    };
}

/// The methods of `Protocol` that a wrapped one answers, by name.
macro_rules! passes_on {
    ($($name:ident)*) => {$(
        fn $name(&mut self, transport: &mut $crate::reactor::Transport<'_>) {
            self.protocol.$name(transport);
        }
    )*};
}

macro_rules! passes_on_data {
    () => {
        fn data_received(&mut self, transport: &mut $crate::reactor::Transport<'_>, data: &[u8]) {
            self.protocol.data_received(transport, data);
        }
    };
}

macro_rules! passes_on_fd {
    () => {
        fn fd_received(&mut self, transport: &mut $crate::reactor::Transport<'_>, fd: std::os::fd::OwnedFd) {
            self.protocol.fd_received(transport, fd);
        }
    };
}

macro_rules! passes_on_end {
    () => {
        fn connection_lost(
            &mut self,
            transport: &mut $crate::reactor::Transport<'_>,
            reason: &$crate::reactor::Reason,
        ) {
            self.protocol.connection_lost(transport, reason);
        }
    };
}

pub(super) use {passes_on, passes_on_data, passes_on_end, passes_on_factory, passes_on_fd};
