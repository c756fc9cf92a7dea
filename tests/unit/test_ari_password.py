"""The hash Asterisk is given is the one its crypt(3) makes of the same password."""

from sunwai.ari_password import crypted, sha1crypt


def test_it_is_netbsd_sha1crypt():
    # What crypt(3) of libxcrypt says of this password and salt.
    assert sha1crypt("password", "JtNX3SBM", 64) == "$sha1$64$JtNX3SBM$IbHKKk1n7cwH9hGvCIw/kG4qNtdD"


def test_the_hash_is_the_same_each_time_and_another_for_another_secret():
    assert crypted("one secret") == crypted("one secret")
    assert crypted("one secret") != crypted("another")
    assert "one secret" not in crypted("one secret")
