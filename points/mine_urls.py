"""Addresses of residents below ``/points/``; included by ``points.urls``."""

from django.urls import path

from points.views import claiming, earning, household, mine, photos, ranking, statements

urlpatterns = [
    path("", mine.overview, name="mine"),
    path("claim/", claiming.pick, name="claim_pick"),
    path("claim/<str:code>/", claiming.new, name="claim_new"),
    path("claim/<str:code>/worth/", claiming.worth, name="claim_worth"),
    path("claims/", claiming.own, name="claims"),
    path("claims/<int:pk>/", claiming.claim, name="claim"),
    path("claims/<int:pk>/withdraw/", claiming.withdraw, name="claim_withdraw"),
    path("claims/<int:pk>/appeal/", claiming.appeal, name="claim_appeal"),
    path("claims/<int:pk>/answer/", claiming.answer, name="claim_answer"),
    path("earn/", earning.earn, name="earn"),
    path("household/", household.household, name="household"),
    path("household/consent/", household.consent, name="household_consent"),
    path("household/leave/", household.leave, name="household_leave"),
    path("household/move/", household.move, name="household_move"),
    path("ranking/", ranking.rankings, name="ranking"),
    path("ranking/choose/", ranking.choose, name="ranking_choose"),
    path("protect/", ranking.protect, name="protect"),
    path("statement/<str:month>/", statements.statement, name="statement"),
    path("statement/<str:month>/pdf/", statements.pdf, name="statement_pdf"),
    path("photos/<str:token>/<str:size>/", photos.photo, name="photo"),
]
