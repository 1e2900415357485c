"""The time zones of AWS's regions, for fleets that do not write them out.

Source: the places that AWS names for its regions (AWS documentation, "AWS Regions and Availability Zones", as of 2026),
each with the zone of that place in the IANA time zone database. Where AWS names a state or a country only, its largest
data centre site or its capital counts: Northern Virginia, Ohio, Northern California and Oregon for the `us-` regions.
"""

AWS_ZONES = {
    "af-south-1": "Africa/Johannesburg",  # Cape Town
    "ap-east-1": "Asia/Hong_Kong",
    "ap-east-2": "Asia/Taipei",
    "ap-northeast-1": "Asia/Tokyo",
    "ap-northeast-2": "Asia/Seoul",
    "ap-northeast-3": "Asia/Tokyo",  # Osaka
    "ap-south-1": "Asia/Kolkata",  # Mumbai
    "ap-south-2": "Asia/Kolkata",  # Hyderabad
    "ap-southeast-1": "Asia/Singapore",
    "ap-southeast-2": "Australia/Sydney",
    "ap-southeast-3": "Asia/Jakarta",
    "ap-southeast-4": "Australia/Melbourne",
    "ap-southeast-5": "Asia/Kuala_Lumpur",  # Malaysia
    "ap-southeast-6": "Pacific/Auckland",  # New Zealand
    "ap-southeast-7": "Asia/Bangkok",  # Thailand
    "ca-central-1": "America/Toronto",  # Montreal
    "ca-west-1": "America/Edmonton",  # Calgary
    "cn-north-1": "Asia/Shanghai",  # Beijing
    "cn-northwest-1": "Asia/Shanghai",  # Ningxia
    "eu-central-1": "Europe/Berlin",  # Frankfurt
    "eu-central-2": "Europe/Zurich",
    "eu-north-1": "Europe/Stockholm",
    "eu-south-1": "Europe/Rome",  # Milan
    "eu-south-2": "Europe/Madrid",  # Spain
    "eu-west-1": "Europe/Dublin",  # Ireland
    "eu-west-2": "Europe/London",
    "eu-west-3": "Europe/Paris",
    "eusc-de-east-1": "Europe/Berlin",  # Brandenburg
    "il-central-1": "Asia/Jerusalem",  # Tel Aviv
    "me-central-1": "Asia/Dubai",  # United Arab Emirates
    "me-south-1": "Asia/Bahrain",
    "mx-central-1": "America/Mexico_City",  # Querétaro
    "sa-east-1": "America/Sao_Paulo",
    "us-east-1": "America/New_York",  # Northern Virginia
    "us-east-2": "America/New_York",  # Ohio
    "us-gov-east-1": "America/New_York",
    "us-gov-west-1": "America/Los_Angeles",
    "us-west-1": "America/Los_Angeles",  # Northern California
    "us-west-2": "America/Los_Angeles",  # Oregon
}
