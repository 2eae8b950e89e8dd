#include "signal_write.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace smmuvp::platform {

void write_what_fits(int descriptor, std::string_view text) {
  while (!text.empty()) {
    // A pipe that has room has room for so much; more would wait (POSIX, write()).
    const std::size_t most = std::min<std::size_t>(text.size(), PIPE_BUF);
    ssize_t n = send(descriptor, text.data(), most, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK) {
      pollfd room{descriptor, POLLOUT, 0};
      if (poll(&room, 1, 0) <= 0) return;
      n = write(descriptor, text.data(), most);
    }
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace smmuvp::platform
