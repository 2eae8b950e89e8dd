#include "structure_words.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "command_line.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

namespace {

std::uint64_t parse_word(const std::string& text, const std::string& where) {
  std::string digits = text;
  if (digits.compare(0, 2, "0x") == 0 || digits.compare(0, 2, "0X") == 0) digits.erase(0, 2);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, value, 16);
  if (error == std::errc::result_out_of_range && last == end) {
    throw ConfigError(
        "", fmt::format("{}word: {} has more than 64 bits; words are separated by spaces or commas", where,
                        quoted(text)));
  }
  if (digits.empty() || last != end || error != std::errc()) {
    throw ConfigError(
        "", fmt::format("{}word: {} is no hexadecimal number (expected for example 0x8000_0000)", where,
                        quoted(text)));
  }
  return value;
}

// Words between separators, of which there may be several.
void add_words(std::string_view text, const std::string& where, std::vector<std::uint64_t>& to) {
  const char* separators = " \t\r\v\f\n,";
  for (std::size_t i = text.find_first_not_of(separators); i != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, i), text.size());
    to.push_back(parse_word(std::string(text.substr(i, end - i)), where));
    i = text.find_first_not_of(separators, end);
  }
}

std::string bytes_of_stream(std::istream& input, std::size_t most) {
  std::string bytes;
  std::vector<char> part(65536);
  while (bytes.size() < most) {
    input.read(part.data(), static_cast<std::streamsize>(std::min(part.size(), most - bytes.size())));
    bytes.append(part.data(), static_cast<std::size_t>(input.gcount()));
    if (input.gcount() == 0) break;
  }
  return bytes;
}

std::string bytes_of_descriptor(int descriptor, const std::string& name, std::size_t most) {
  std::string bytes;
  std::vector<char> part(65536);
  while (bytes.size() < most) {
    const ssize_t n = read(descriptor, part.data(), std::min(part.size(), most - bytes.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw ConfigError("file", fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    if (n == 0) break;
    bytes.append(part.data(), static_cast<std::size_t>(n));
  }
  return bytes;
}

}  // namespace

std::vector<std::uint64_t> words_of_text(const std::vector<std::string>& texts, std::istream& input) {
  std::vector<std::uint64_t> words;
  for (const std::string& text : texts) {
    if (text != "-") {
      add_words(text, "", words);
      continue;
    }
    std::size_t number = 0;
    for (std::string line; std::getline(input, line);) {
      const std::string where = fmt::format("standard input, line {}: ", ++number);
      add_words(std::string_view(line).substr(0, line.find('#')), where, words);
      if (words.size() > most_bytes / 8) {
        throw ConfigError("", where + fmt::format("more than {} MiB of words", most_bytes >> 20));
      }
    }
  }
  return words;
}

std::string bytes_of_file(const std::string& path, std::istream& input, std::optional<std::size_t> limit) {
  // One byte more than is allowed tells that there is more.
  const std::size_t most = limit ? *limit : most_bytes + 1;
  const std::string name = path == "-" ? "standard input" : printable(path);
  std::string bytes;
  if (path == "-") {
    bytes = bytes_of_stream(input, most);
  } else {
    // O_NONBLOCK: opening a pipe that nobody writes must not wait; it is refused below.
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
      throw ConfigError("file", fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    }
    const std::shared_ptr<void> closed(nullptr, [descriptor](void*) { close(descriptor); });
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      throw ConfigError("file", fmt::format("{} is no regular file; --file - reads standard input", name));
    }
    bytes = bytes_of_descriptor(descriptor, name, most);
  }
  if (!limit && bytes.size() > most_bytes) {
    throw ConfigError("file", fmt::format("{} has more than {} MiB; --count says how many structures to take",
                                          name, most_bytes >> 20));
  }
  return bytes;
}

std::vector<std::uint64_t> words_of_bytes(const std::string& bytes) {
  std::vector<std::uint64_t> words(bytes.size() / 8);
  for (std::size_t i = 0; i < words.size() * 8; ++i) {
    words[i / 8] |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * (i % 8));
  }
  return words;
}

std::string bits_words(const ExplainedField& f) {
  return f.high == f.low ? fmt::format("[{}]", f.high) : fmt::format("[{}:{}]", f.high, f.low);
}

}  // namespace smmuvp::tables
