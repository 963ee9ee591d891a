//! Faults of the network between nodes, Redis and origins that have addresses of their own, in network namespaces: packets vanish,
//! where faults on the loopback interface reset connections.
//!
//! Each test proves that the fault happened and was noticed, by metrics of the nodes and by counters of lost packets.
//! Skipped, with a line that says so, unless network namespaces can be made: that needs root, `ip` and `nft`. Packets are lost by
//! nftables rather than delayed by the queueing discipline netem, which many kernels lack; delays are added by a proxy.

mod hosts;
mod name_server;
mod network;
mod origins;
mod redis;
