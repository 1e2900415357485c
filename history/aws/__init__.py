"""The way to AWS: logins, clients, whole answers or none, what an error means, secrets kept out of what is written."""
