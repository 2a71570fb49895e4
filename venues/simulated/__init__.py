"""The embedded simulated venues: exchange, order flow, wire protocol, codecs, link and faults."""
