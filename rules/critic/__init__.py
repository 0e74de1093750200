"""The critic: from a failed session and a better one to a rule, by replay. No Django here."""
