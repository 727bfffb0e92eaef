//! The operating system behind core's ports: microphone, text insertion, overlay, model files, folders, control socket.
