"""Chain, organizations, my grid, residence, staff pages of the spine."""


app_name = "orgs"
urlpatterns: list = []
