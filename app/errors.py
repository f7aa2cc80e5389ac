"""The error tree. Each class carries the HTTP status and title of the problem it becomes.

    LocalChatError                500
    ├── InvalidInput              422  the payload is well formed but cannot be accepted
    ├── Unauthorized              401
    ├── Forbidden                 403  the caller is known, but may not do this
    ├── CrossOrigin               403  a page of another site asks for a change
    ├── NotFound                  404
    │   └── NoCollection          404
    ├── Conflict                  409
    ├── PreconditionFailed        412
    ├── TooLarge                  413
    ├── TooManyRequests           429  a key or a tenant has used up what its limits allow
    ├── TooManyUploads            429  the uploads under way are as many bytes as this process takes at once
    ├── UnsupportedMedia          415
    ├── UnreadableDocument        422  a file that no loader can read; the message says why
    ├── UntrustedHost             421  the request is for a name that the service does not go by
    ├── NotCached                 404  only-if-cached was asked for: the service is well, so not RFC 9111's 504
    ├── StoreUnavailable          503  Postgres
    ├── ProviderUnavailable       503  the OpenID provider, whose keys a token has to be checked with
    ├── Stopping                  503  the process is stopping, and the time for unfinished requests is over
    ├── CacheUnavailable          503  a cache tier that was to be changed; reads do without it
    ├── TierOff                   409  the cache tier that this needs is not in use
    └── ModelError                502
        ├── ModelNotFound         404
        ├── ModelUnsuitable       422  a chat was asked of an embedding model, or the reverse
        ├── InputTooLong          422
        ├── UnusableEmbedding     502  NaN, infinity, zeros or a length other than 1, for this text
        ├── ModelUnavailable      503  no endpoint answers
        │   ├── ModelBusy         503  an endpoint answers, but this model takes no more work now
        │   ├── ModelTimeout      503  an endpoint answers, but this model does not
        │   └── ModelLoadFailed   503  an endpoint answers, but cannot load this model: it needs too much memory, …
        ├── ModelCrashed          503  an endpoint answers, but its model died while working
        └── ModelProtocolError    502  an endpoint answered in a way that its protocol does not allow

`detail` is written for the caller: never the text of a driver's exception, never document text.
"""

from typing import ClassVar


class LocalChatError(Exception):
    """Base of every error that LocalChat raises on purpose."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False
    retry_after: int = 1

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(LocalChatError):
    status = 422
    code = "invalid-input"
    title = "The input cannot be accepted"


class Unauthorized(LocalChatError):
    status = 401
    code = "unauthorized"
    title = "A valid API key is needed"


class Forbidden(LocalChatError):
    status = 403
    code = "forbidden"
    title = "The key may not do this"


class CrossOrigin(LocalChatError):
    status = 403
    code = "cross-origin"
    title = "Another site's page may not do this"


class UntrustedHost(LocalChatError):
    status = 421
    code = "untrusted-host"
    title = "The service does not go by this name"


class NotFound(LocalChatError):
    status = 404
    code = "not-found"
    title = "Not found"


class NoCollection(NotFound):
    """No collection of the tenant has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no collection called {name!r}.")


class Conflict(LocalChatError):
    status = 409
    code = "conflict"
    title = "The request conflicts with what is stored"


class PreconditionFailed(LocalChatError):
    status = 412
    code = "precondition-failed"
    title = "The resource has changed"


class TooLarge(LocalChatError):
    status = 413
    code = "too-large"
    title = "Too large"


class TooManyRequests(LocalChatError):
    """`retry_after`: the seconds until something is left."""

    status = 429
    code = "too-many-requests"
    title = "A limit is reached"
    retryable = True

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManyUploads(LocalChatError):
    status = 429
    code = "too-many-uploads"
    title = "Too many uploads at once"
    retryable = True


class UnsupportedMedia(LocalChatError):
    status = 415
    code = "unsupported-media"
    title = "This kind of file is not supported"


class UnreadableDocument(LocalChatError):
    status = 422
    code = "unreadable-document"
    title = "The file cannot be read"


class NotCached(LocalChatError):
    status = 404
    code = "not-cached"
    title = "No cached result"


class StoreUnavailable(LocalChatError):
    status = 503
    code = "store-unavailable"
    title = "The database cannot be reached"
    retryable = True

    @property
    def nothing_listens(self) -> bool:
        """Whether nothing listens at the database's address, so that nothing can be committed to it either."""
        return isinstance(self.__cause__, ConnectionRefusedError | FileNotFoundError)


class ProviderUnavailable(LocalChatError):
    status = 503
    code = "provider-unavailable"
    title = "The provider of tokens cannot be reached"
    retryable = True


class Stopping(LocalChatError):
    status = 503
    code = "shutdown"
    title = "The service is stopping"
    retryable = True


class CacheUnavailable(LocalChatError):
    status = 503
    code = "cache-unavailable"
    title = "A cache tier cannot be reached"
    retryable = True


class TierOff(LocalChatError):
    status = 409
    code = "tier-off"
    title = "The cache tier is not in use"


class ModelError(LocalChatError):
    status = 502
    code = "model-error"
    title = "The model server failed"


class ModelNotFound(ModelError):
    status = 404
    code = "model-not-found"
    title = "The model is not present on the model server"


class ModelUnsuitable(ModelError):
    status = 422
    code = "model-unsuitable"
    title = "The model cannot do this"


class InputTooLong(ModelError):
    status = 422
    code = "input-too-long"
    title = "The input is longer than the model's context"


class UnusableEmbedding(ModelError):
    code = "unusable-embedding"
    title = "The model cannot embed this text"


class ModelUnavailable(ModelError):
    status = 503
    code = "model-unavailable"
    title = "No model server is available"
    retryable = True


class ModelBusy(ModelUnavailable):
    code = "model-busy"
    title = "The model is busy"


class ModelTimeout(ModelUnavailable):
    code = "model-timeout"
    title = "The model did not answer in time"


class ModelLoadFailed(ModelUnavailable):
    code = "model-load-failed"
    title = "The model server cannot load the model"
    retryable = False


class ModelCrashed(ModelError):
    status = 503
    code = "model-crashed"
    title = "The model failed while working"
    retryable = True


class ModelProtocolError(ModelError):
    code = "model-protocol-error"
    title = "The model server broke its protocol"
    retryable = True
