"""Files as a way in: dropped into a folder here, or fetched from one over SFTP.

`folder` knows when a file is whole and where it goes, `content` what documents are in it, `handing_in` keeps them, `dropped` does all
that for one folder, `sftp` brings files from elsewhere.
"""
