"""The ARI client: thin, typed and our own, because no maintained one exists (design 3.12, asterisk.md 12).

`client.Ari` holds the connections and offers the verbs; `events` is what Asterisk tells; `dispatch.Dispatch` hands each
event to the call it belongs to.
"""
