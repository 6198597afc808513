"""What a person writes before anything is signed: entities, drafts, plans and agreements."""
