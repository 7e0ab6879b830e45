select {{ function('doubled') }}(21) as answer
