"""The way of a request before the page or the API sees it: connections, bounds, hosts, proxies, problems."""
