"""Talk and the triggers it sets off."""
