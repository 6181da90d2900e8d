"""What a request passes before the page or the API sees it: connections, bounds, hosts, proxies, problems."""
