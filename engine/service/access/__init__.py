"""Who may ask what: keys, scopes, rates, stream tickets, venue credentials, and the audit trail."""
