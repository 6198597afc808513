"""What people of different agencies do with each other, one desk for each kind of act."""
