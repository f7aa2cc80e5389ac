"""Failures as Ollama words them. The texts are part of the protocol: clients decide by them."""


class OllamaError(Exception):
    """A failure with the status and the text that the caller gets."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found(model: str) -> OllamaError:
    return OllamaError(404, f"model '{model}' not found")


def not_pulled(model: str) -> OllamaError:
    return OllamaError(404, f'model "{model}" not found, try pulling it first')


def lacks(model: str, capability: str) -> OllamaError:
    return OllamaError(400, f'"{model}" does not support {capability}')


def too_long() -> OllamaError:
    return OllamaError(400, "the input length exceeds the context length")
