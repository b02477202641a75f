def test_cast(street):
    from orgs import access

    r = access.rights_of(street.li)
    assert r.may("orgs.verify_residence", area_path=street.grid.path)
