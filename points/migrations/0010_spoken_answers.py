"""What somebody said at a hearing may be entered by who heard it: who, and on which day.

Two empty columns of points_deduction; no time. Going back loses who had entered an answer.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orgs', '0001_squashed_0003_sites'),
        ('points', '0009_budgets_go_back'),
        ('rules', '0006_points'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='deduction',
            name='hearer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='听取人'),
        ),
        migrations.AddField(
            model_name='deduction',
            name='spoken_on',
            field=models.DateField(editable=False, null=True, verbose_name='口头陈述日期'),
        ),
        migrations.AddConstraint(
            model_name='deduction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('hearer', None), ('spoken_on', None)), models.Q(('hearer__isnull', False), ('spoken_on__isnull', False), models.Q(('answer', ''), _negated=True), models.Q(('hearer', models.F('person')), _negated=True), models.Q(('hearer', models.F('reporter')), _negated=True)), _connector='OR'), name='points_deduction_spoken', violation_error_message='听取人不能是当事人或报告人'),
        ),
    ]
