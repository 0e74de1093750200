"""A snapshot that can be queried: frozen tables, query engines over them, a virtual clock. No Django here."""
