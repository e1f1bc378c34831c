"""The contract between Tieout and the systems it hears from: how a sender proves who it is, and how it wraps what it sends."""
