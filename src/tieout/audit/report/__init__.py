"""What people and tools read of an audit, all made from one `AuditResult`.

figures, words      the sums and the wording that every form shares
terminal            the summary on the terminal
html                one self-contained page; geometry of its charts in `charts` and `processmap`
excel               the workbook with every finding and its documents
files               JSON and Parquet, for tools
threshold           ``--fail-over``
"""
