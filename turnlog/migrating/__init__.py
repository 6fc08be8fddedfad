"""Moving house: the sessions of other libraries' databases, recorded with their history."""
