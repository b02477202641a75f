"""Addresses of the rules, budgets, the points group and deductions."""

from django.urls import path

from points.views import budgets, deductions, panel, rules

urlpatterns = [
    path("budgets/", budgets.budget_list, name="budgets"),
    path("budgets/<int:pk>/approve/", budgets.approve, name="budget_approve"),
    path("budgets/<int:pk>/withdraw/", budgets.withdraw, name="budget_withdraw"),
    path("panel/", panel.group, name="panel"),
    path("panel/<int:pk>/end/", panel.unseat, name="panel_end"),
    path("deductions/", deductions.deduction_list, name="deductions"),
    path("deductions/new/", deductions.report, name="deduction_new"),
    path("deductions/<int:pk>/", deductions.deduction, name="deduction"),
    path("rules/", rules.rules, name="rules"),
    path("rules/sheet/", rules.sheet, name="rules_sheet"),
    path("rules/new/", rules.new_rule, name="rule_create"),
    path("rules/<str:code>/", rules.rule, name="rule"),
    path("rules/<str:code>/new/", rules.new_version, name="rule_new"),
    path("rules/<str:code>/end/", rules.end, name="rule_end"),
]
