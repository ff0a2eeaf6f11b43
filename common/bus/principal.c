#include "bus/principal.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define UNKNOWN "User:<as the broker sees this client>"

const char *bus_property(const struct bus_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->property_count; i++)
        if (strcmp(settings->properties[i].name, name) == 0)
            return settings->properties[i].value;
    return NULL;
}

static X509 *of_keystore(const char *path, const char *password)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    BIO *file = BIO_new_file(path, "rb");
    PKCS12 *store = file ? d2i_PKCS12_bio(file, NULL) : NULL;
    if (store)
        (void)PKCS12_parse(store, password ? password : "", &key, &certificate, NULL);
    EVP_PKEY_free(key);
    PKCS12_free(store);
    BIO_free(file);
    return certificate;
}

static X509 *certificate_of(const struct bus_settings *settings)
{
    const char *path = bus_property(settings, "ssl.certificate.location");
    const char *text = bus_property(settings, "ssl.certificate.pem");
    const char *keystore = bus_property(settings, "ssl.keystore.location");
    if (!path && !text)
        return keystore ? of_keystore(keystore, bus_property(settings, "ssl.keystore.password")) : NULL;
    BIO *bio = path ? BIO_new_file(path, "rb") : BIO_new_mem_buf(text, -1);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}

static void by_certificate(const struct bus_settings *settings, char name[PRINCIPAL_SIZE])
{
    bool has_one = bus_property(settings, "ssl.certificate.location") ||
                   bus_property(settings, "ssl.certificate.pem") || bus_property(settings, "ssl.keystore.location");
    X509 *certificate = certificate_of(settings);
    BIO *out = certificate ? BIO_new(BIO_s_mem()) : NULL;
    char *text = NULL;
    long len = 0;
    if (out && X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
        len = BIO_get_mem_data(out, &text);
    if (len > 0)
        text_format(name, PRINCIPAL_SIZE, "User:%.*s", (int)len, text);
    else
        text_format(name, PRINCIPAL_SIZE, "%s", has_one ? UNKNOWN : "User:ANONYMOUS");
    BIO_free(out);
    X509_free(certificate);
}

void bus_principal(const struct bus_settings *settings, char name[PRINCIPAL_SIZE])
{
    const char *protocol = bus_property(settings, "security.protocol");
    const char *user = bus_property(settings, "sasl.username");
    if (protocol && strncasecmp(protocol, "sasl", 4) == 0)
        text_format(name, PRINCIPAL_SIZE, user ? "User:%s" : UNKNOWN, user);
    else if (protocol && strcasecmp(protocol, "ssl") == 0)
        by_certificate(settings, name);
    else
        text_format(name, PRINCIPAL_SIZE, "User:ANONYMOUS");
}
