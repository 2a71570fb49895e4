"""How handlers run: actors, mailboxes, one scheduler, a live and a simulated driver."""
