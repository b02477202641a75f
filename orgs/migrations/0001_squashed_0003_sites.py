"""Areas, organizations, posts, people and sites, as 0001 to 0003 left them.

Every table is made once, complete, so that an empty database is ready sooner; one that ran those
three counts this as done.
"""

import django.db.models.deletion
import django.utils.timezone
import orgs.models.people
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from orgs.at_once import AtOnce


class Migration(migrations.Migration):

    replaces = [
        ('orgs', '0001_initial'),
        ('orgs', '0002_residence_pending'),
        ('orgs', '0003_sites'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        AtOnce([
            migrations.CreateModel(
                name='Person',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('public_id', models.CharField(default=orgs.models.people.new_public_id, editable=False, max_length=16, unique=True)),
                    ('name', models.CharField(max_length=40, verbose_name='姓名')),
                    ('birth_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='出生年份')),
                    ('phone_cipher', models.CharField(blank=True, editable=False, max_length=255)),
                    ('phone_digest', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                    ('phone_verified_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='电子邮箱')),
                    ('size', models.CharField(choices=[('standard', '标准'), ('elder', '长辈版'), ('huge', '特大字')], default='standard', max_length=8, verbose_name='字号')),
                    ('theme', models.CharField(choices=[('auto', '跟随系统'), ('light', '浅色'), ('dark', '深色')], default='auto', max_length=5, verbose_name='配色')),
                    ('contrast', models.CharField(choices=[('normal', '标准'), ('high', '高对比度')], default='normal', max_length=6, verbose_name='对比度')),
                    ('is_active', models.BooleanField(default=True, verbose_name='可登录')),
                    ('is_demo', models.BooleanField(default=False, verbose_name='虚构人物')),
                    ('password_changed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'verbose_name': '人员',
                    'verbose_name_plural': '人员',
                },
            ),
            migrations.CreateModel(
                name='Area',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('depth', models.PositiveIntegerField()),
                    ('numchild', models.PositiveIntegerField(default=0)),
                    ('path', models.CharField(db_collation='C', max_length=255, unique=True)),
                    ('level', models.CharField(choices=[('province', '省'), ('city', '市'), ('district', '区县'), ('subdistrict', '街道（乡镇）'), ('community', '社区（村）'), ('grid', '网格（小区）'), ('building', '楼栋')], max_length=12, verbose_name='层级')),
                    ('code', models.CharField(max_length=18, unique=True, verbose_name='区划代码')),
                    ('name', models.CharField(max_length=80, verbose_name='名称')),
                    ('closed_on', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
                    ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absorbed', to='orgs.area')),
                ],
                options={
                    'verbose_name': '区域',
                    'verbose_name_plural': '区域',
                    'ordering': ['path'],
                    'permissions': [('manage_organizations', '建立、调整、撤并组织'), ('appoint_people', '任免人员'), ('verify_residence', '核验居住关系'), ('view_staff_details', '查看组织内部信息'), ('place_buildings', '标注楼栋位置'), ('reveal_contacts', '查看完整电话与门牌（记录原因）')],
                    'indexes': [models.Index(fields=['level', 'path'], name='orgs_area_level_path')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('code__regex', '^[0-9]+$')), name='orgs_area_code_is_digits', violation_error_message='区划代码只能由数字组成'), models.CheckConstraint(condition=models.Q(('merged_into', None), ('closed_on__isnull', False), _connector='OR'), name='orgs_area_merged_only_when_closed', violation_error_message='并入其他区域的区域须有撤销日期')],
                },
            ),
            migrations.CreateModel(
                name='AreaEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('depth', models.PositiveIntegerField()),
                    ('numchild', models.PositiveIntegerField(default=0)),
                    ('path', models.CharField(db_collation='C', max_length=255)),
                    ('level', models.CharField(choices=[('province', '省'), ('city', '市'), ('district', '区县'), ('subdistrict', '街道（乡镇）'), ('community', '社区（村）'), ('grid', '网格（小区）'), ('building', '楼栋')], max_length=12, verbose_name='层级')),
                    ('code', models.CharField(max_length=18, verbose_name='区划代码')),
                    ('name', models.CharField(max_length=80, verbose_name='名称')),
                    ('closed_on', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
                    ('merged_into', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.area')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Consent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('notice', models.CharField(choices=[('privacy', '个人信息处理规则'), ('plate', '党员中心户挂牌')], max_length=16, verbose_name='告知书')),
                    ('version', models.PositiveSmallIntegerField(verbose_name='版本')),
                    ('answer', models.CharField(choices=[('given', '同意'), ('declined', '不同意'), ('withdrawn', '撤回')], max_length=9, verbose_name='答复')),
                    ('channel', models.CharField(choices=[('site', '本人在网站'), ('assisted', '由工作人员代办'), ('paper', '纸质')], default='site', max_length=8, verbose_name='途径')),
                    ('answered_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
                ],
                options={
                    'verbose_name': '同意记录',
                    'verbose_name_plural': '同意记录',
                    'indexes': [models.Index(fields=['person', 'notice', '-id'], name='orgs_consent_latest')],
                },
            ),
            migrations.CreateModel(
                name='OldPassword',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password_hash', models.CharField(max_length=128)),
                    ('chosen_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='old_passwords', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': '用过的密码',
                    'verbose_name_plural': '用过的密码',
                    'indexes': [models.Index(fields=['person', '-id'], name='orgs_oldpassword_latest')],
                },
            ),
            migrations.CreateModel(
                name='PersonEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('public_id', models.CharField(default=orgs.models.people.new_public_id, editable=False, max_length=16)),
                    ('name', models.CharField(max_length=40, verbose_name='姓名')),
                    ('birth_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='出生年份')),
                    ('phone_cipher', models.CharField(blank=True, editable=False, max_length=255)),
                    ('phone_digest', models.CharField(editable=False, max_length=64, null=True)),
                    ('phone_verified_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='电子邮箱')),
                    ('is_active', models.BooleanField(default=True, verbose_name='可登录')),
                    ('is_demo', models.BooleanField(default=False, verbose_name='虚构人物')),
                    ('password_changed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Unlock',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('address', models.GenericIPAddressField(null=True, verbose_name='网络地址')),
                    ('reason', models.CharField(max_length=200, verbose_name='理由')),
                    ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                    ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
                    ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
                ],
                options={
                    'verbose_name': '解锁记录',
                    'verbose_name_plural': '解锁记录',
                    'permissions': [('unlock_accounts', '解除登录锁定')],
                    'default_permissions': (),
                    'constraints': [models.CheckConstraint(condition=models.Q(('person', None), ('address', None), _connector='OR'), name='orgs_unlock_of_one_thing'), models.CheckConstraint(condition=models.Q(('person', None), models.Q(('person', models.F('by')), _negated=True), _connector='OR'), name='orgs_unlock_not_by_oneself', violation_error_message='不能为自己解锁')],
                },
            ),
            migrations.CreateModel(
                name='GridPlan',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('outline', models.TextField()),
                    ('buildings', models.TextField()),
                    ('x_metres', models.IntegerField()),
                    ('y_metres', models.IntegerField()),
                    ('left', models.IntegerField()),
                    ('top', models.IntegerField()),
                    ('right', models.IntegerField()),
                    ('bottom', models.IntegerField()),
                    ('grid', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='plan', to='orgs.area')),
                ],
                options={
                    'verbose_name': '网格示意图',
                    'verbose_name_plural': '网格示意图',
                    'default_permissions': (),
                },
            ),
            migrations.CreateModel(
                name='Site',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('x_metres', models.PositiveIntegerField(verbose_name='向东（米）')),
                    ('y_metres', models.PositiveIntegerField(verbose_name='向南（米）')),
                    ('wide_metres', models.PositiveSmallIntegerField(default=24, verbose_name='东西宽（米）')),
                    ('deep_metres', models.PositiveSmallIntegerField(default=12, verbose_name='南北深（米）')),
                    ('building', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='site', to='orgs.area')),
                ],
                options={
                    'verbose_name': '楼栋位置',
                    'verbose_name_plural': '楼栋位置',
                    'default_permissions': (),
                    'constraints': [models.CheckConstraint(condition=models.Q(('x_metres__lte', 20000), ('y_metres__lte', 20000)), name='orgs_site_on_the_sheet', violation_error_message='位置须在图纸范围内'), models.CheckConstraint(condition=models.Q(('deep_metres__gt', 0), ('wide_metres__gt', 0)), name='orgs_site_has_size')],
                },
            ),
            migrations.CreateModel(
                name='SiteEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('x_metres', models.PositiveIntegerField(verbose_name='向东（米）')),
                    ('y_metres', models.PositiveIntegerField(verbose_name='向南（米）')),
                    ('wide_metres', models.PositiveSmallIntegerField(default=24, verbose_name='东西宽（米）')),
                    ('deep_metres', models.PositiveSmallIntegerField(default=12, verbose_name='南北深（米）')),
                    ('building', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.site')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Household',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('stairwell', models.CharField(max_length=10, verbose_name='单元')),
                    ('room', models.CharField(max_length=10, verbose_name='房号')),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('contact_household', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='linked_households', to='orgs.organization', verbose_name='联系的党员中心户')),
                ],
                options={
                    'verbose_name': '户',
                    'verbose_name_plural': '户',
                    'indexes': [models.Index(fields=['area_path', '-created_at'], name='orgs_household_place')],
                    'constraints': [models.UniqueConstraint(fields=('area', 'stairwell', 'room'), name='orgs_household_one_per_door', violation_error_message='这一户已经登记')],
                },
            ),
            migrations.CreateModel(
                name='ContactReveal',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('what', models.CharField(choices=[('phone', '手机号'), ('door', '门牌号')], max_length=8, verbose_name='查看内容')),
                    ('reason', models.CharField(max_length=200, verbose_name='查看原因')),
                    ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='时间')),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contact_reveals', to=settings.AUTH_USER_MODEL, verbose_name='被查看人')),
                    ('seen_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='查看人')),
                    ('household', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contact_reveals', to='orgs.household', verbose_name='被查看户')),
                ],
                options={
                    'verbose_name': '联系方式查看记录',
                    'verbose_name_plural': '联系方式查看记录',
                    'ordering': ['-at', '-pk'],
                    'permissions': [('audit_contact_reveals', '审计联系方式查看记录')],
                    'indexes': [models.Index(fields=['-at'], name='orgs_contactreveal_at')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('household', None), ('person__isnull', False), ('what', 'phone')), models.Q(('household__isnull', False), ('person', None), ('what', 'door')), _connector='OR'), name='orgs_contactreveal_of_one_thing')],
                },
            ),
            migrations.CreateModel(
                name='Organization',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('working_committee', '街道党工委'), ('joint_working_committee', '街道大工委'), ('community_committee', '社区党委'), ('general_branch', '社区党总支'), ('community_branch', '社区党支部'), ('joint_community_committee', '社区大党委'), ('grid_branch', '网格（小区）党支部'), ('committee_branch', '居委会党支部'), ('joint_branch', '“三新”联合党支部'), ('building_group', '楼栋（单元）党小组'), ('hosted_group', '横向党小组'), ('contact_household', '党员中心户'), ('residents_committee', '居民委员会'), ('supervision_committee', '居务监督委员会'), ('residents_group', '居民小组'), ('owners_committee', '业主委员会'), ('management_commission', '物业管理委员会'), ('property_company', '物业服务企业'), ('district_government', '区级机关'), ('subdistrict_office', '街道办事处'), ('department', '职能部门（站所）'), ('resident_unit', '驻区单位'), ('partner_unit', '共建单位'), ('paired_unit', '包联单位'), ('social_organization', '社会组织'), ('volunteer_team', '志愿服务队'), ('three_new_body', '“三新”组织'), ('merchant', '兑换商家'), ('platform', '平台管理')], max_length=28, verbose_name='类型')),
                    ('name', models.CharField(max_length=80, verbose_name='名称')),
                    ('contact_phone', models.CharField(blank=True, max_length=20, verbose_name='公开电话')),
                    ('address', models.CharField(blank=True, max_length=120, verbose_name='办公地点')),
                    ('introduction', models.TextField(blank=True, verbose_name='简介')),
                    ('term_starts_on', models.DateField(blank=True, null=True, verbose_name='本届起始')),
                    ('term_ends_on', models.DateField(blank=True, null=True, verbose_name='本届届满')),
                    ('founded_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='成立日期')),
                    ('closed_on', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='organizations', to='orgs.area', verbose_name='管辖区域')),
                    ('host', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='hosted_groups', to='orgs.organization', verbose_name='所在单位')),
                    ('household', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contact_organizations', to='orgs.household', verbose_name='中心户所在户')),
                    ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absorbed', to='orgs.organization')),
                    ('served_areas', models.ManyToManyField(blank=True, related_name='served_by', to='orgs.area', verbose_name='服务区域')),
                    ('superior', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='subordinates', to='orgs.organization', verbose_name='上级组织')),
                ],
                options={
                    'verbose_name': '组织',
                    'verbose_name_plural': '组织',
                    'indexes': [models.Index(fields=['area', 'kind'], name='orgs_organization_area_kind')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('closed_on', None)), fields=('kind', 'area', 'name'), name='orgs_organization_name_once', violation_error_message='同一区域已有同类同名组织'), models.CheckConstraint(condition=models.Q(('superior', None), models.Q(('superior', models.F('id')), _negated=True), _connector='OR'), name='orgs_organization_not_its_own_superior', violation_error_message='组织不能是自己的上级'), models.CheckConstraint(condition=models.Q(models.Q(('household__isnull', False), ('kind', 'contact_household')), models.Q(models.Q(('kind', 'contact_household'), _negated=True), ('household', None)), _connector='OR'), name='orgs_contact_household_has_a_door', violation_error_message='党员中心户须对应一户，其他组织不对应住户'), models.CheckConstraint(condition=models.Q(('closed_on', None), ('closed_on__gte', models.F('founded_on')), _connector='OR'), name='orgs_organization_closed_after_founding', violation_error_message='撤销日期不能早于成立日期'), models.CheckConstraint(condition=models.Q(('merged_into', None), ('closed_on__isnull', False), _connector='OR'), name='orgs_organization_merged_only_when_closed', violation_error_message='已合并的组织须有撤销日期')],
                },
            ),
            migrations.CreateModel(
                name='Appointment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('position', models.CharField(choices=[('party_secretary', '党组织书记'), ('party_deputy', '党组织副书记'), ('party_committee_member', '党组织委员'), ('joint_member', '兼职委员'), ('group_leader', '党小组组长'), ('contact_host', '党员中心户户主'), ('committee_director', '居委会主任'), ('committee_member', '居委会委员'), ('supervisor', '居务监督委员'), ('social_worker', '全科社工'), ('grid_lead', '网格长'), ('grid_worker', '网格员'), ('building_leader', '楼栋长'), ('residents_group_leader', '居民小组长'), ('owners_director', '业委会（物管会）主任'), ('owners_member', '业委会（物管会）委员'), ('property_manager', '物业项目经理'), ('property_staff', '物业工作人员'), ('unit_contact', '单位联络员'), ('merchant_keeper', '兑换商家负责人'), ('department_officer', '部门经办人'), ('subdistrict_operator', '街道指挥中心'), ('subdistrict_leader', '街道领导'), ('district_officer', '区级工作人员'), ('system_admin', '系统管理员'), ('security_admin', '安全管理员'), ('auditor', '审计管理员')], max_length=24, verbose_name='职务')),
                    ('starts_on', models.DateField(verbose_name='任职日期')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='离任日期')),
                    ('reason', models.CharField(blank=True, max_length=200, verbose_name='任职依据')),
                    ('relief_reason', models.CharField(blank=True, max_length=200, verbose_name='离任原因')),
                    ('appointed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
                    ('relieved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('area', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='orgs.area', verbose_name='负责区域')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='orgs.organization', verbose_name='组织')),
                ],
                options={
                    'verbose_name': '任职',
                    'verbose_name_plural': '任职',
                    'constraints': [models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='orgs_appointment_ends_after_start', violation_error_message='离任日期不能早于任职日期'), models.UniqueConstraint(condition=models.Q(('ends_on', None)), fields=('person', 'organization', 'position', 'area'), name='orgs_appointment_once', nulls_distinct=False, violation_error_message='此人已担任这一职务')],
                },
            ),
            migrations.CreateModel(
                name='AppointmentEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('position', models.CharField(choices=[('party_secretary', '党组织书记'), ('party_deputy', '党组织副书记'), ('party_committee_member', '党组织委员'), ('joint_member', '兼职委员'), ('group_leader', '党小组组长'), ('contact_host', '党员中心户户主'), ('committee_director', '居委会主任'), ('committee_member', '居委会委员'), ('supervisor', '居务监督委员'), ('social_worker', '全科社工'), ('grid_lead', '网格长'), ('grid_worker', '网格员'), ('building_leader', '楼栋长'), ('residents_group_leader', '居民小组长'), ('owners_director', '业委会（物管会）主任'), ('owners_member', '业委会（物管会）委员'), ('property_manager', '物业项目经理'), ('property_staff', '物业工作人员'), ('unit_contact', '单位联络员'), ('merchant_keeper', '兑换商家负责人'), ('department_officer', '部门经办人'), ('subdistrict_operator', '街道指挥中心'), ('subdistrict_leader', '街道领导'), ('district_officer', '区级工作人员'), ('system_admin', '系统管理员'), ('security_admin', '安全管理员'), ('auditor', '审计管理员')], max_length=24, verbose_name='职务')),
                    ('starts_on', models.DateField(verbose_name='任职日期')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='离任日期')),
                    ('reason', models.CharField(blank=True, max_length=200, verbose_name='任职依据')),
                    ('relief_reason', models.CharField(blank=True, max_length=200, verbose_name='离任原因')),
                    ('appointed_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                    ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.appointment')),
                    ('relieved_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                    ('area', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area', verbose_name='负责区域')),
                    ('organization', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='组织')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Grant',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('object_pk', models.CharField(max_length=255, verbose_name='object ID')),
                    ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='orgs.appointment')),
                    ('content_type', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='contenttypes.contenttype')),
                    ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'abstract': False,
                    'indexes': [models.Index(fields=['user'], name='orgs_grant_user')],
                    'constraints': [models.UniqueConstraint(fields=('appointment', 'permission', 'content_type', 'object_pk'), name='orgs_grant_once_per_appointment')],
                },
            ),
            migrations.CreateModel(
                name='HouseholdEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('stairwell', models.CharField(max_length=10, verbose_name='单元')),
                    ('room', models.CharField(max_length=10, verbose_name='房号')),
                    ('area', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area', verbose_name='位置')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.household')),
                    ('contact_household', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='联系的党员中心户')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Linkage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60, verbose_name='小区')),
                    ('note', models.CharField(blank=True, max_length=120, verbose_name='说明')),
                    ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='linkages', to='orgs.area')),
                    ('grids', models.ManyToManyField(related_name='+', to='orgs.area', verbose_name='网格')),
                    ('owners_body', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='业委会或物管会')),
                    ('party_branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='党支部')),
                    ('property_company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='物业服务企业')),
                    ('residents_committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='居委会')),
                ],
                options={
                    'verbose_name': '三方联动',
                    'verbose_name_plural': '三方联动',
                    'constraints': [models.UniqueConstraint(fields=('community', 'name'), name='orgs_linkage_once')],
                },
            ),
            migrations.CreateModel(
                name='LinkageEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('name', models.CharField(max_length=60, verbose_name='小区')),
                    ('note', models.CharField(blank=True, max_length=120, verbose_name='说明')),
                    ('community', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.linkage')),
                    ('owners_body', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='业委会或物管会')),
                    ('party_branch', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='党支部')),
                    ('property_company', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='物业服务企业')),
                    ('residents_committee', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='居委会')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='LinkageGridEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('area', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area')),
                    ('linkage', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.linkage')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Membership',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('in_service', '在职党员'), ('retired', '退休党员'), ('floating', '流动党员'), ('local', '社区党员')], default='local', max_length=10, verbose_name='党员类型')),
                    ('is_full', models.BooleanField(default=True, verbose_name='正式党员')),
                    ('starts_on', models.DateField(verbose_name='起始日期')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='终止日期')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='orgs.organization')),
                ],
                options={
                    'verbose_name': '党员关系',
                    'verbose_name_plural': '党员关系',
                    'constraints': [models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gt', models.F('starts_on')), _connector='OR'), name='orgs_membership_ends_after_start', violation_error_message='终止日期须晚于起始日期'), models.UniqueConstraint(condition=models.Q(('ends_on', None)), fields=('person', 'organization'), name='orgs_membership_once', violation_error_message='已是该组织党员')],
                },
            ),
            migrations.CreateModel(
                name='MembershipEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('kind', models.CharField(choices=[('in_service', '在职党员'), ('retired', '退休党员'), ('floating', '流动党员'), ('local', '社区党员')], default='local', max_length=10, verbose_name='党员类型')),
                    ('is_full', models.BooleanField(default=True, verbose_name='正式党员')),
                    ('starts_on', models.DateField(verbose_name='起始日期')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='终止日期')),
                    ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.membership')),
                    ('organization', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='OrganizationEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('kind', models.CharField(choices=[('working_committee', '街道党工委'), ('joint_working_committee', '街道大工委'), ('community_committee', '社区党委'), ('general_branch', '社区党总支'), ('community_branch', '社区党支部'), ('joint_community_committee', '社区大党委'), ('grid_branch', '网格（小区）党支部'), ('committee_branch', '居委会党支部'), ('joint_branch', '“三新”联合党支部'), ('building_group', '楼栋（单元）党小组'), ('hosted_group', '横向党小组'), ('contact_household', '党员中心户'), ('residents_committee', '居民委员会'), ('supervision_committee', '居务监督委员会'), ('residents_group', '居民小组'), ('owners_committee', '业主委员会'), ('management_commission', '物业管理委员会'), ('property_company', '物业服务企业'), ('district_government', '区级机关'), ('subdistrict_office', '街道办事处'), ('department', '职能部门（站所）'), ('resident_unit', '驻区单位'), ('partner_unit', '共建单位'), ('paired_unit', '包联单位'), ('social_organization', '社会组织'), ('volunteer_team', '志愿服务队'), ('three_new_body', '“三新”组织'), ('merchant', '兑换商家'), ('platform', '平台管理')], max_length=28, verbose_name='类型')),
                    ('name', models.CharField(max_length=80, verbose_name='名称')),
                    ('contact_phone', models.CharField(blank=True, max_length=20, verbose_name='公开电话')),
                    ('address', models.CharField(blank=True, max_length=120, verbose_name='办公地点')),
                    ('introduction', models.TextField(blank=True, verbose_name='简介')),
                    ('term_starts_on', models.DateField(blank=True, null=True, verbose_name='本届起始')),
                    ('term_ends_on', models.DateField(blank=True, null=True, verbose_name='本届届满')),
                    ('founded_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='成立日期')),
                    ('closed_on', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
                    ('area', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area', verbose_name='管辖区域')),
                    ('host', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='所在单位')),
                    ('household', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.household', verbose_name='中心户所在户')),
                    ('merged_into', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.organization')),
                    ('superior', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization', verbose_name='上级组织')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Residence',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('owner', '业主'), ('family', '家人'), ('tenant', '租户')], default='family', max_length=8, verbose_name='身份')),
                    ('state', models.CharField(choices=[('pending', '待核验'), ('verified', '已核验'), ('refused', '未通过')], default='pending', max_length=8, verbose_name='核验')),
                    ('starts_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='入住日期')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='迁出日期')),
                    ('verified_at', models.DateTimeField(blank=True, null=True)),
                    ('refusal_reason', models.CharField(blank=True, max_length=200, verbose_name='未通过原因')),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('household', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='residences', to='orgs.household', verbose_name='户')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='residences', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
                    ('verified_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': '居住关系',
                    'verbose_name_plural': '居住关系',
                    'indexes': [models.Index(condition=models.Q(('ends_on', None), ('state', 'pending')), fields=['household'], name='orgs_residence_pending')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gt', models.F('starts_on')), _connector='OR'), name='orgs_residence_ends_after_start', violation_error_message='迁出日期须晚于入住日期'), models.CheckConstraint(condition=models.Q(('verified_by', None), models.Q(('verified_by', models.F('person')), _negated=True), _connector='OR'), name='orgs_residence_verified_by_another', violation_error_message='不能核验自己的居住关系'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('refusal_reason', ''), _negated=True), _connector='OR'), name='orgs_residence_refused_with_reason', violation_error_message='未通过须说明原因'), models.UniqueConstraint(condition=models.Q(('ends_on', None), models.Q(('state', 'refused'), _negated=True)), fields=('person', 'household'), name='orgs_residence_once_per_household', violation_error_message='已登记在这一户')],
                },
            ),
            migrations.CreateModel(
                name='ResidenceEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('kind', models.CharField(choices=[('owner', '业主'), ('family', '家人'), ('tenant', '租户')], default='family', max_length=8, verbose_name='身份')),
                    ('state', models.CharField(choices=[('pending', '待核验'), ('verified', '已核验'), ('refused', '未通过')], default='pending', max_length=8, verbose_name='核验')),
                    ('starts_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='入住日期')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='迁出日期')),
                    ('verified_at', models.DateTimeField(blank=True, null=True)),
                    ('refusal_reason', models.CharField(blank=True, max_length=200, verbose_name='未通过原因')),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('household', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.household', verbose_name='户')),
                    ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='orgs.residence')),
                    ('verified_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='ServedAreaEvent',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('area', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.area')),
                    ('organization', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='orgs.organization')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='LinkageGrid',
                fields=[
                ],
                options={
                    'proxy': True,
                },
                bases=('orgs.linkage_grids',),
            ),
            migrations.CreateModel(
                name='ServedArea',
                fields=[
                ],
                options={
                    'proxy': True,
                },
                bases=('orgs.organization_served_areas',),
            ),
        ]),
        AtOnce([
            pgtrigger.migrations.AddTrigger(
                model_name='person',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_personevent" ("birth_year", "created_at", "email", "id", "is_active", "is_demo", "name", "password_changed_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone_cipher", "phone_digest", "phone_verified_at", "public_id") VALUES (NEW."birth_year", NEW."created_at", NEW."email", NEW."id", NEW."is_active", NEW."is_demo", NEW."name", NEW."password_changed_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone_cipher", NEW."phone_digest", NEW."phone_verified_at", NEW."public_id"); RETURN NULL;', hash='127ea3c8ed6e4c0171d3dae37b6b82890103283b', operation='INSERT', pgid='pgtrigger_insert_insert_65bb0', table='orgs_person', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='person',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."birth_year" IS DISTINCT FROM (NEW."birth_year") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_demo" IS DISTINCT FROM (NEW."is_demo") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."password_changed_at" IS DISTINCT FROM (NEW."password_changed_at") OR OLD."phone_cipher" IS DISTINCT FROM (NEW."phone_cipher") OR OLD."phone_digest" IS DISTINCT FROM (NEW."phone_digest") OR OLD."phone_verified_at" IS DISTINCT FROM (NEW."phone_verified_at") OR OLD."public_id" IS DISTINCT FROM (NEW."public_id"))', func='INSERT INTO "orgs_personevent" ("birth_year", "created_at", "email", "id", "is_active", "is_demo", "name", "password_changed_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone_cipher", "phone_digest", "phone_verified_at", "public_id") VALUES (NEW."birth_year", NEW."created_at", NEW."email", NEW."id", NEW."is_active", NEW."is_demo", NEW."name", NEW."password_changed_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone_cipher", NEW."phone_digest", NEW."phone_verified_at", NEW."public_id"); RETURN NULL;', hash='9678294d49a22c2f587dd0c8fa58c13b0791f00e', operation='UPDATE', pgid='pgtrigger_update_update_4c27c', table='orgs_person', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='appointment',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_appointmentevent" ("appointed_by_id", "area_id", "ends_on", "id", "organization_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "reason", "relief_reason", "relieved_by_id", "starts_on") VALUES (NEW."appointed_by_id", NEW."area_id", NEW."ends_on", NEW."id", NEW."organization_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."reason", NEW."relief_reason", NEW."relieved_by_id", NEW."starts_on"); RETURN NULL;', hash='726748c1b01e5bd3dae69767624c580e3f375ab0', operation='INSERT', pgid='pgtrigger_insert_insert_13f49', table='orgs_appointment', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='appointment',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_appointmentevent" ("appointed_by_id", "area_id", "ends_on", "id", "organization_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "reason", "relief_reason", "relieved_by_id", "starts_on") VALUES (NEW."appointed_by_id", NEW."area_id", NEW."ends_on", NEW."id", NEW."organization_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."reason", NEW."relief_reason", NEW."relieved_by_id", NEW."starts_on"); RETURN NULL;', hash='f0f539eae6e99b673f8aa63d2e06a27aacb9e464', operation='UPDATE', pgid='pgtrigger_update_update_c1fb9', table='orgs_appointment', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='area',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_areaevent" ("closed_on", "code", "depth", "id", "level", "merged_into_id", "name", "numchild", "path", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."closed_on", NEW."code", NEW."depth", NEW."id", NEW."level", NEW."merged_into_id", NEW."name", NEW."numchild", NEW."path", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='931f25374f7c20c400e0c0142f003c30b682a6b1', operation='INSERT', pgid='pgtrigger_insert_insert_a6f69', table='orgs_area', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='area',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_areaevent" ("closed_on", "code", "depth", "id", "level", "merged_into_id", "name", "numchild", "path", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."closed_on", NEW."code", NEW."depth", NEW."id", NEW."level", NEW."merged_into_id", NEW."name", NEW."numchild", NEW."path", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='af9fbc368f91f09926e250c6c409250c1cf71d86', operation='UPDATE', pgid='pgtrigger_update_update_de34d', table='orgs_area', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='consent',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a6051af5cc31986281753272aba97846de6d844b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_74ba8', table='orgs_consent', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='contactreveal',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f7c36cd0999023fb1816ed43c5276e6f8eb5267b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_15bc5', table='orgs_contactreveal', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='household',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_householdevent" ("area_id", "area_path", "contact_household_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "room", "stairwell") VALUES (NEW."area_id", NEW."area_path", NEW."contact_household_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."room", NEW."stairwell"); RETURN NULL;', hash='a22ebaeece9bfb10788a231de1cd57e7277af86c', operation='INSERT', pgid='pgtrigger_insert_insert_a574d', table='orgs_household', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='household',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_householdevent" ("area_id", "area_path", "contact_household_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "room", "stairwell") VALUES (NEW."area_id", NEW."area_path", NEW."contact_household_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."room", NEW."stairwell"); RETURN NULL;', hash='7f4deef59ccdfc6ee68543f9c3208fbcb30e04de', operation='UPDATE', pgid='pgtrigger_update_update_a7f19', table='orgs_household', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='linkage',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_linkageevent" ("community_id", "id", "name", "note", "owners_body_id", "party_branch_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "property_company_id", "residents_committee_id") VALUES (NEW."community_id", NEW."id", NEW."name", NEW."note", NEW."owners_body_id", NEW."party_branch_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."property_company_id", NEW."residents_committee_id"); RETURN NULL;', hash='d0991729d431ddfa9baba556f6c9464177457362', operation='INSERT', pgid='pgtrigger_insert_insert_2d696', table='orgs_linkage', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='linkage',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_linkageevent" ("community_id", "id", "name", "note", "owners_body_id", "party_branch_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "property_company_id", "residents_committee_id") VALUES (NEW."community_id", NEW."id", NEW."name", NEW."note", NEW."owners_body_id", NEW."party_branch_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."property_company_id", NEW."residents_committee_id"); RETURN NULL;', hash='43b527f1dc06b3bd2b9ea98bdfb5f74d12b69767', operation='UPDATE', pgid='pgtrigger_update_update_028d0', table='orgs_linkage', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='membership',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_membershipevent" ("ends_on", "id", "is_full", "kind", "organization_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "starts_on") VALUES (NEW."ends_on", NEW."id", NEW."is_full", NEW."kind", NEW."organization_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."starts_on"); RETURN NULL;', hash='b9fdbeaaf94c6f7edbf8a550e72994d49465dc63', operation='INSERT', pgid='pgtrigger_insert_insert_49b17', table='orgs_membership', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='membership',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_membershipevent" ("ends_on", "id", "is_full", "kind", "organization_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "starts_on") VALUES (NEW."ends_on", NEW."id", NEW."is_full", NEW."kind", NEW."organization_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."starts_on"); RETURN NULL;', hash='e67f22f5da482ce59d691e58f81575c90582fdef', operation='UPDATE', pgid='pgtrigger_update_update_2c809', table='orgs_membership', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='organization',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_organizationevent" ("address", "area_id", "closed_on", "contact_phone", "founded_on", "host_id", "household_id", "id", "introduction", "kind", "merged_into_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "superior_id", "term_ends_on", "term_starts_on") VALUES (NEW."address", NEW."area_id", NEW."closed_on", NEW."contact_phone", NEW."founded_on", NEW."host_id", NEW."household_id", NEW."id", NEW."introduction", NEW."kind", NEW."merged_into_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."superior_id", NEW."term_ends_on", NEW."term_starts_on"); RETURN NULL;', hash='3ab6efd11f4601b59af8c81ea8f0544a313fd83a', operation='INSERT', pgid='pgtrigger_insert_insert_13bc9', table='orgs_organization', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='organization',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_organizationevent" ("address", "area_id", "closed_on", "contact_phone", "founded_on", "host_id", "household_id", "id", "introduction", "kind", "merged_into_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "superior_id", "term_ends_on", "term_starts_on") VALUES (NEW."address", NEW."area_id", NEW."closed_on", NEW."contact_phone", NEW."founded_on", NEW."host_id", NEW."household_id", NEW."id", NEW."introduction", NEW."kind", NEW."merged_into_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."superior_id", NEW."term_ends_on", NEW."term_starts_on"); RETURN NULL;', hash='8400bc08937158f8599e6bf8a747216ec197d9f6', operation='UPDATE', pgid='pgtrigger_update_update_63cbd', table='orgs_organization', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='residence',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_residenceevent" ("created_at", "ends_on", "household_id", "id", "kind", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refusal_reason", "starts_on", "state", "verified_at", "verified_by_id") VALUES (NEW."created_at", NEW."ends_on", NEW."household_id", NEW."id", NEW."kind", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."refusal_reason", NEW."starts_on", NEW."state", NEW."verified_at", NEW."verified_by_id"); RETURN NULL;', hash='8db3c04252204a69beb96e64abd462d1f3270b8c', operation='INSERT', pgid='pgtrigger_insert_insert_1f192', table='orgs_residence', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='residence',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_residenceevent" ("created_at", "ends_on", "household_id", "id", "kind", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refusal_reason", "starts_on", "state", "verified_at", "verified_by_id") VALUES (NEW."created_at", NEW."ends_on", NEW."household_id", NEW."id", NEW."kind", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."refusal_reason", NEW."starts_on", NEW."state", NEW."verified_at", NEW."verified_by_id"); RETURN NULL;', hash='95ef67c11210b2002e53e7899ca750dd0adf87f0', operation='UPDATE', pgid='pgtrigger_update_update_cd639', table='orgs_residence', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='unlock',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e06d8c25c87e1f59dda806247e732f65921f6032', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ff277', table='orgs_unlock', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='linkagegrid',
                trigger=pgtrigger.compiler.Trigger(name='added_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_linkagegridevent" ("area_id", "id", "linkage_id", "pgh_context_id", "pgh_created_at", "pgh_label") VALUES (NEW."area_id", NEW."id", NEW."linkage_id", _pgh_attach_context(), NOW(), \'added\'); RETURN NULL;', hash='a7fec26b95c48aa51c4db7d471319e8b5ca519a6', operation='INSERT', pgid='pgtrigger_added_insert_64cc8', table='orgs_linkage_grids', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='linkagegrid',
                trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_linkagegridevent" ("area_id", "id", "linkage_id", "pgh_context_id", "pgh_created_at", "pgh_label") VALUES (OLD."area_id", OLD."id", OLD."linkage_id", _pgh_attach_context(), NOW(), \'removed\'); RETURN NULL;', hash='856842033bbdb85364d7b2d3896110724f34d7d1', operation='DELETE', pgid='pgtrigger_removed_delete_a3765', table='orgs_linkage_grids', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='servedarea',
                trigger=pgtrigger.compiler.Trigger(name='added_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_servedareaevent" ("area_id", "id", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label") VALUES (NEW."area_id", NEW."id", NEW."organization_id", _pgh_attach_context(), NOW(), \'added\'); RETURN NULL;', hash='3961d7055e88b3dc97a09677f609a078f0ea1aba', operation='INSERT', pgid='pgtrigger_added_insert_464f9', table='orgs_organization_served_areas', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='servedarea',
                trigger=pgtrigger.compiler.Trigger(name='removed_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_servedareaevent" ("area_id", "id", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label") VALUES (OLD."area_id", OLD."id", OLD."organization_id", _pgh_attach_context(), NOW(), \'removed\'); RETURN NULL;', hash='8d01d8f2e587c29dd96dc6fbd5cc440dd2d1ff65', operation='DELETE', pgid='pgtrigger_removed_delete_73746', table='orgs_organization_served_areas', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='site',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "orgs_siteevent" ("building_id", "deep_metres", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wide_metres", "x_metres", "y_metres") VALUES (NEW."building_id", NEW."deep_metres", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."wide_metres", NEW."x_metres", NEW."y_metres"); RETURN NULL;', hash='d07e7701ef71e8dca790c6c7a678585433f8d55b', operation='INSERT', pgid='pgtrigger_insert_insert_ae3f9', table='orgs_site', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='site',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "orgs_siteevent" ("building_id", "deep_metres", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wide_metres", "x_metres", "y_metres") VALUES (NEW."building_id", NEW."deep_metres", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."wide_metres", NEW."x_metres", NEW."y_metres"); RETURN NULL;', hash='8d09b94b1cb0bad11dfeea5108941e2a8bc7f376', operation='UPDATE', pgid='pgtrigger_update_update_48bf0', table='orgs_site', when='AFTER')),
            ),
        ]),
    ]
