"""What on-call people may do to a lab system while an incident lasts. No Django here."""
