"""What follows from what arrived: the shell around `process`, in the order of its stages.

    observations  the bytes of a delivery → observations, their references
    reach         a document that changed → the anchors whose instances it may belong to
    resolve       anchors → their documents, along the flow's own paths
    assemble      documents → an `Instance`, with the lines that are its own
    advance       instances → verdicts

Nothing here touches a database: stages ask the `Graph` that they are given. `store` has one in PostgreSQL, `overlay` one with
documents that are not there yet (preflight).
"""
