"""Files of what reporting shows: spreadsheets, pages, data frames. Made of the JSON views and of nothing else."""
