"""The answers of the API as their readers see them: the source of /openapi.json. They only describe."""
