// Any command line of "decode" and "walk", one word a line: it is taken, or refused with a ConfigError. No
// file is opened: what a dump holds is the walk's own fuzz target.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "decode.h"
#include "smmuvp/base/error.h"
#include "walk_options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smmuvp::tables;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\0'), text.size());  // what follows is standard input
  std::istringstream lines(text.substr(0, end));
  std::istringstream input(text.substr(end));
  std::string command;
  std::getline(lines, command);
  std::vector<std::string> words;
  for (std::string word; std::getline(lines, word);) {
    if (word.compare(0, 6, "--file") == 0) word = "--file=-";
    words.push_back(word);
  }
  Output output;
  output.print = [](std::string_view) {};
  try {
    if (command == "decode") {
      decode(words, input, output);
    } else {
      const WalkOptions options = parse_walk_options(words);
      const bool described = options.help || options.fields;
      if (!described && !smmuvp::pgtable::is_walkable(options.config)) std::abort();
    }
  } catch (const smmuvp::ConfigError&) {
  }
  return 0;
}
