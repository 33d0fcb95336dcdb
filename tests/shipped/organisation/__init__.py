"""An organisation that has nothing: the tests judge the project as it ships, whatever a company's copy adds to it."""
