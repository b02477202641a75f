"""Chain, organizations, my grid, residence, staff pages of the spine."""

from django.urls import path

from orgs.views import areas, chain, divisions, mygrid, organizations, residence, staff

app_name = "orgs"
urlpatterns = [
    path("chain/", divisions.divisions, name="divisions"),
    path("chain/<str:code>/", chain.chain, name="chain"),
    path("chain/<str:code>/warnings/", chain.warnings, name="warnings"),
    path("organizations/", organizations.organizations, name="organizations"),
    path("organizations/<int:pk>/", organizations.organization, name="organization"),
    path("organizations/<int:pk>/history/", organizations.history, name="history"),
    path("organizations/<int:pk>/members/", organizations.members, name="members"),
    path("mygrid/", mygrid.mygrid, name="my_grid"),
    path("mygrid/card/", mygrid.card, name="contact_card"),
    path("residence/", residence.mine, name="residence"),
    path("residence/new/", residence.new, name="residence_new"),
    path("residence/<int:pk>/withdraw/", residence.withdraw, name="residence_withdraw"),
    path("residence/<int:pk>/end/", residence.move_out, name="move_out"),
    path("staff/residences/", residence.queue, name="residences"),
    path("staff/residences/<int:pk>/verify/", residence.verify, name="residence_verify"),
    path("staff/residences/<int:pk>/refuse/", residence.refuse, name="residence_refuse"),
    path("staff/residences/<int:pk>/end/", residence.end, name="residence_end"),
    path("staff/organizations/", staff.organizations, name="staff_organizations"),
    path("staff/organizations/new/", staff.found, name="found"),
    path("staff/organizations/<int:pk>/edit/", staff.edit, name="edit"),
    path("staff/organizations/<int:pk>/move/", staff.move, name="move"),
    path("staff/organizations/<int:pk>/merge/", staff.merge, name="merge"),
    path("staff/organizations/<int:pk>/close/", staff.close, name="close"),
    path("staff/organizations/<int:pk>/plate/", staff.plate, name="plate"),
    path("staff/organizations/<int:pk>/appoint/", staff.appoint, name="appoint"),
    path("staff/appointments/<int:pk>/relieve/", staff.relieve, name="relieve"),
    path("staff/areas/<str:code>/", areas.area, name="area"),
    path("staff/areas/<str:code>/new/", areas.new, name="area_new"),
    path("staff/areas/<str:code>/rename/", areas.rename, name="area_rename"),
    path("staff/areas/<str:code>/move/", areas.move, name="area_move"),
    path("staff/areas/<str:code>/merge/", areas.merge, name="area_merge"),
    path("staff/areas/<str:code>/close/", areas.close, name="area_close"),
    path("staff/reveal/person/<str:public_id>/", staff.reveal_person, name="reveal_person"),
    path("staff/reveal/household/<int:pk>/", staff.reveal_household, name="reveal_household"),
    path("staff/reveals/", staff.reveals, name="reveals"),
]
